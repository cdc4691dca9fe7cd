"""One machine: its command line, its jail, its process, its control connection and its guest link. Knows no plays."""
