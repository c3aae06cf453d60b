"""From a delivered film to a stream: a ladder of renditions in CMAF with HLS and DASH, a storyboard, a poster."""
