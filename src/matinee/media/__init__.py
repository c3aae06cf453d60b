"""Pictures and sound, with no word of business: exact time, probing, frames, pictures, subtitles, child processes."""
