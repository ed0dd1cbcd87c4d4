"""The worker: moves sagas, and does what falls due by itself (``python -m serving.worker``)."""
