"""What should run, for whom, and the steps that make it so. Knows no machines and no HTTP."""
