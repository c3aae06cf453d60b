"""What happens to every request, as plain ASGI: cheap, and at ease with answers that stream."""
