"""From bytes to pages of Markdown: a file per format, run in a child process."""
