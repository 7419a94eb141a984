"""The HTTP service (extra: serve): requests checked, put together into batches, answered as JSON."""
