"""From renditions to a folder that players take: segments, sound, words, pictures, keys and manifests."""
