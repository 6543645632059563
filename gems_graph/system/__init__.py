"""What the operating system gives and takes: processes, forks, files that a crash cuts short."""
