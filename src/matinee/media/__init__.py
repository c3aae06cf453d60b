"""Pictures and sound, with no word of the business: time, probing, frames, shots, quality."""
