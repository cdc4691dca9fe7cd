"""Where everything is put together; nothing below may import it."""
