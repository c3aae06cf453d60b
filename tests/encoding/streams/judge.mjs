// What readers that are none of ours make of a stream: node judge.mjs FOLDER prints it as JSON.
// mpd-parser (video.js) reads DASH, hls-parser reads HLS and refuses what breaks its rules, mp4box (GPAC) reads segments.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import HLS from "hls-parser";
import * as MP4Box from "mp4box";
import { parse } from "mpd-parser";

const folder = process.argv[2];
const text = (name) => readFileSync(join(folder, name), "utf8");

function dash(name) {
  const warnings = [];
  const eventHandler = (event) => warnings.push(event.message);
  const found = parse(text(name), { manifestUri: "https://example.org/", eventHandler });
  const sounds = Object.values(found.mediaGroups.AUDIO.audio ?? {}).flatMap((one) => one.playlists);
  const tracks = [...found.playlists, ...sounds].map((one) => ({
    id: one.attributes.NAME,
    codecs: one.attributes.CODECS,
    bandwidth: one.attributes.BANDWIDTH,
    map: one.segments[0].map.uri,
    segments: one.segments.map((part) => [part.uri, part.duration, part.presentationTime]),
    scheme: one.contentProtection?.mp4protection.attributes.value ?? "none",
    kid: (one.contentProtection?.mp4protection.attributes["cenc:default_KID"] ?? "").replaceAll("-", ""),
  }));
  return { duration: found.duration, tracks, warnings };
}

function hls(name) {
  const master = HLS.parse(text(name));
  const uris = new Set(master.variants.flatMap((one) => [one.uri, ...one.audio.map((sound) => sound.uri)]));
  const tracks = [...uris].map((uri) => {
    const { segments, targetDuration } = HLS.parse(text(uri));
    const methods = [...new Set(segments.map((part) => part.key?.method ?? "NONE"))];
    const parts = segments.map((part) => [part.uri, part.duration]);
    return { uri, targetDuration, map: segments[0].map.uri, segments: parts, methods, key: segments[0].key?.uri ?? "" };
  });
  const texts = master.variants.flatMap((one) => one.subtitles).map((one) => HLS.parse(text(one.uri)).segments.length);
  const variants = master.variants.map(({ uri, codecs, score }) => ({ uri, codecs, score }));
  return { variants, tracks, texts };
}

const inside = (box, type) => box.boxes?.find((one) => one.type === type);

function track(files) {
  const file = MP4Box.createFile();
  const errors = [];
  file.onError = (_, message) => errors.push(message);
  const data = Buffer.concat(files.map((name) => readFileSync(join(folder, name))));
  file.appendBuffer(MP4Box.MP4BoxBuffer.fromArrayBuffer(new Uint8Array(data).buffer, 0));
  file.flush();
  const [trak] = file.moov.traks;
  const [entry] = trak.mdia.minf.stbl.stsd.entries;
  const sealed = inside(entry, "sinf");
  const tenc = sealed && inside(inside(sealed, "schi"), "tenc"); // reserved, pattern, whether, size of vectors, key's name
  const { timescale } = trak.mdia.mdhd;
  const samples = file.getTrackSamplesInfo(trak.tkhd.track_id);
  const segments = file.moofs.map(({ trafs: [traf] }) => ({
    time: traf.tfdt.baseMediaDecodeTime / timescale,
    sync: samples.find((one) => one.dts === traf.tfdt.baseMediaDecodeTime).is_sync,
    samples: traf.truns.reduce((sum, one) => sum + one.sample_count, 0),
    sealed: inside(traf, "saiz")?.sample_count ?? 0,
  }));
  return {
    errors,
    segments,
    codec: entry.getCodec(),
    original: sealed ? inside(sealed, "frma").data_format : entry.type,
    scheme: sealed ? inside(sealed, "schm").scheme_type : "none",
    kid: tenc ? Buffer.from(tenc.data.slice(4, 20)).toString("hex") : "",
  };
}

HLS.setOptions({ strictMode: true });
const names = readdirSync(folder);
const like = (start, end) => names.filter((name) => name.startsWith(start) && name.endsWith(end)).sort();
const by = (found, judge) => Object.fromEntries(found.map((name) => [name, judge(name)]));
const inits = like("init-", ".mp4");
const result = {
  dash: by(like("manifest", ".mpd"), dash),
  hls: by(like("master", ".m3u8"), hls),
  tracks: by(inits, (name) => track([name, ...like(name.replace("init", "segment").replace(".mp4", "-"), ".m4s")])),
};
process.stdout.write(JSON.stringify(result));
