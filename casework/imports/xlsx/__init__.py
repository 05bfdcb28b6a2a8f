"""Reads an xlsx workbook nobody vouches for. Runs only in a child process of `documents.workshop`, never in our own.

It imports nothing but the standard library: a workbook that gets the better of it finds no settings, no database and no
key. Everything it says is plain data; words are put to it by `casework.imports.workbooks`."""
