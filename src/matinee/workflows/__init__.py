"""The product, told in stories: ingest, homepage, playback, retrain, and the demo that runs them all."""
