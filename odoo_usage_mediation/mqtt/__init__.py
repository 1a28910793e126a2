"""Messages of a broker become batches; see README.md. Nothing is imported here: the models need topics only."""
