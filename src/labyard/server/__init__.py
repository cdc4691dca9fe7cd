"""HTTP and WebSockets: thin. Who is asking, what they ask, and how it looks as JSON."""
