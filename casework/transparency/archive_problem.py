class ArchiveProblem(Exception):
    """The place cannot be read, or cannot be written to."""
