"""The product, told in stories: ingest, homepage, playback, nightly, re-encode, and the demo that runs them all."""
