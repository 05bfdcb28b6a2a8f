"""What a file is by its content, whatever its name or its sender says: looked at by a child process with limits."""
