"""From a delivered film to an adaptive stream: ladder, CMAF segments, HLS and DASH, subtitles, storyboard, pictures."""
