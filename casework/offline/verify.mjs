// Checks an exported case without the system that it comes from and without a network:
//   node verify.mjs [FOLDER] [--log-key FILE] [--witness-key FILE] [--tsa-roots FILE] [--trust-enclosed-keys]
//
// One line a check; ends with 0 genuine, 1 not genuine, 2 could not tell. Needs Node 18 and, where there is a time stamp,
// time_stamp.mjs beside it. It checks what verify.py checks, and shares no code with it. The formats are C2SP's
// signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof, and the tree is that of RFC 6962.
import { createHash, createPublicKey, verify } from "node:crypto";
import { closeSync, lstatSync, openSync, readFileSync, readSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
const CHECKS = "files chain texts documents proofs checkpoint witnesses key manifest time_stamp".split(" ");
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
const NUMBER = /^(0|[1-9][0-9]{0,18})$/;
const MOST_BYTES = 2 ** 31, MOST_LINE = 2 ** 24, MOST_PROOF = 100_000;
const CHINESE = /^zh/i.test(["LC_ALL", "LC_MESSAGES", "LANG"].map((name) => process.env[name]).find(Boolean) ?? "");

class Failed extends Error {}
export class Unknown extends Error {}
export const say = (chinese, english, about = "") =>
  (CHINESE ? chinese : english) + (about === "" ? "" : `${CHINESE ? "：" : ": "}${about}`);

export function need(truth, chinese, english, about) {
  if (!truth) throw new Failed(say(chinese, english, about));
}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const hex = (...parts) => sha256(...parts).toString("hex");
export const text = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
const has = (object, name) => typeof object === "object" && object !== null && Object.hasOwn(object, name);

/** The bytes of base64 in its one proper form. */
function decoded(coded, length) {
  const bytes = Buffer.from(coded, "base64");
  const proper = bytes.toString("base64") === coded && bytes.length === (length ?? bytes.length);
  need(proper, "编码不对", "badly coded", coded);
  return bytes;
}

/** A folder; its files are read when they are asked for, so that evidence may be large. */
class Folder {
  constructor(root) {
    Object.assign(this, { root, names: [], size: 0 });
    this.look("");
    const folded = new Set(this.names.map((name) => name.toLowerCase()));
    need(folded.size === this.names.length, "有重名的文件", "two files have one name");
  }

  look(under) {
    for (const entry of readdirSync(join(this.root, under), { withFileTypes: true })) {
      const name = under ? `${under}/${entry.name}` : entry.name;
      need(!entry.isSymbolicLink(), "有链接", "there are links", name);
      if (entry.isDirectory()) this.look(name);
      if (!entry.isFile()) continue;
      need(NAME.test(name), "不允许的文件名", "a name that is not allowed", name);
      this.names.push(name);
      this.size += lstatSync(join(this.root, name)).size;
      need(this.size <= MOST_BYTES, "文件总量过大", "the files are too large", name);
    }
  }

  path(name) {
    need(this.names.includes(name), "缺少文件", "a file is missing", name);
    return join(this.root, name);
  }

  read = (name) => readFileSync(this.path(name));

  digest(name, as = name) {
    const hash = createHash("sha256"), part = Buffer.alloc(2 ** 20), file = openSync(this.path(name));
    let left = lstatSync(this.path(as)).size; // of a file, or of as many bytes as another one has
    for (let n; (n = readSync(file, part, 0, Math.min(left, part.length))) > 0; left -= n) hash.update(part.subarray(0, n));
    closeSync(file);
    return hash.digest("hex");
  }

  /** The lines of a file as bytes; each has to end with a line feed, and none may be empty. */
  lines(name) {
    const lines = this.read(name).toString("latin1").split("\n"), end = lines.pop();
    const sound = end === "" && lines.every((line) => line && line.length <= MOST_LINE);
    need(sound, "行不完整", "lines are empty, cut off or too long", name);
    return lines.map((line) => Buffer.from(line, "latin1"));
  }
}

/** Each check says what it found, or throws. What later ones need as well is kept in `all`. */
const checks = {
  files(all) {
    if (lstatSync(all.where).isFile()) throw new Unknown(say("请先解压", "unpack it first", all.where));
    all.folder = new Folder(all.where);
    return say("文件可以读取", "the files can be read", all.folder.names.length);
  },

  chain(all) {
    const record = all.folder.read("export.json");
    all.record = JSON.parse(text(record));
    all.lines = all.folder.lines("entries.jsonl");
    need(all.lines.length > 0, "没有任何记录", "there are no entries");
    all.entries = all.lines.map((line) => JSON.parse(text(line)));
    all.proven = new Map(all.lines.map((line, index) => [`proofs/${index + 1}.tlog-proof`, line]));
    all.proven.set("proofs/export.tlog-proof", record);
    let previous = "0".repeat(64);
    all.entries.forEach((entry, index) => {
      const { stream, seq } = entry, here = stream === `case:${all.record.case}` && seq === index + 1;
      need(here && entry.previous === previous, "记录与前一条不相接", "an entry does not follow the one before it", index + 1);
      previous = hex(all.lines[index]);
    });
    const { entries, head } = all.record.data, count = all.lines.length;
    need(entries === count && head === previous, "末条不是它", "another was the last entry", count);
    return say("记录逐条相接", "each entry follows the one before it", count);
  },

  texts(all) {
    const lines = all.folder.lines("texts.jsonl");
    const byId = new Map(all.entries.map((entry) => [entry.id, entry]));
    for (const { event, path, salt, text: words } of lines.map((line) => JSON.parse(text(line)))) {
      let place = byId.get(event);
      for (const step of path.split(".")) place = has(place, step) ? place[step] : undefined;
      need(/^([0-9a-f]{2})+$/.test(salt), "盐值格式不对", "a salt is badly coded", path);
      const committed = has(place, "sha256") && Object.keys(place).length === 1 ? place.sha256 : "";
      need(committed === hex(Buffer.from(salt, "hex"), words), "文字与记录不符", "a text is not the one of its entry", path);
    }
    return say("文字均与记录一致", "each text is the one of its entry", lines.length);
  },

  documents(all) {
    const issued = new Map();
    for (const shown of all.entries.flatMap((entry) => entry.documents ?? []).filter((one) => one.state === "issued")) {
      const name = `documents/${shown.kind}-${shown.document}`;
      issued.set(`${name}.pdf`, shown.file_sha256).set(`${name}.json`, shown.snapshot_sha256);
    }
    const there = all.folder.names.filter((name) => /^documents\/|\.pdf$/i.test(name));
    const plain = (name) => name.replace(".stamped.pdf", ".pdf"); // verify_pdf.py checks what stands behind it
    for (const name of [...new Set([...issued.keys(), ...there])].sort())
      need(all.folder.digest(name, plain(name)) === issued.get(plain(name)), "不是所签发的文书", "not an issued decision", name);
    return say("文书均与签发时一致", "each decision is as it was issued", issued.size / 2);
  },

  proofs(all) {
    const heads = [...all.proven].map(([name, entry]) => headProven(all.folder.read(name), entry, name));
    all.notes = [...new Set(heads.map((head) => head.note))];
    const bodies = new Set(heads.map((head) => JSON.stringify([head.origin, head.size, head.root])));
    need(bodies.size === 1, "各证明指向不同的检查点", "the proofs lead to different checkpoints");
    Object.assign(all, heads[0]);
    return say("记录均在日志中，其条数与根", "all entries are in the log, whose size and root are", `${all.size} ${all.root}`);
  },

  checkpoint(all, given) {
    const own = keysIn(given.log ? readFileSync(given.log) : all.folder.read("keys/log.vkey"), 1);
    all.witnesses = keysIn(given.witness ? readFileSync(given.witness) : all.folder.read("keys/witnesses.vkey"), 4);
    const signed = own.every((key) => key.name === all.origin && all.notes.every((note) => isSigned(note, key)));
    need(own.length && signed, "检查点没有该日志的签名", "the checkpoint is not signed by the log", all.origin);
    return say("检查点由日志签名", "the checkpoint is signed by the log", all.origin);
  },

  witnesses(all, given) {
    const lacking = all.witnesses.filter((key) => !all.notes.every((note) => isSigned(note, key)));
    const names = (keys) => keys.map((key) => key.name).join(", ");
    if (lacking.length) throw new Unknown(say("未联署", "not cosigned by", names(lacking)));
    if (all.witnesses.length) return say("联署", "cosigned by", names(all.witnesses));
    if (!given.trust) throw new Unknown(say("没有见证方", "there is no witness"));
    return say("没有见证方", "there is no witness");
  },

  key(all, given) {
    const files = [...(given.log ? [] : ["keys/log.vkey"]), ...(given.witness ? [] : ["keys/witnesses.vkey"])];
    const only = files.map((name) => text(all.folder.read(name)).trim()).join(" ").trim();
    const said = say("须与公布者核对的公钥", "keys to be compared with those published", only || "—");
    if (given.trust || !only) return said;
    throw new Unknown(said);
  },

  manifest(all) {
    const told = all.folder.read("manifest.json"), { files } = JSON.parse(text(told));
    const { stream, action, data, actor, received_at: at } = all.record;
    const recorded = [stream, action, data.what, data.manifest].join() === `access,exported,case,${hex(told)}`;
    need(recorded, "台账所记的不是它", "the ledger recorded another");
    const beside = new Set(["manifest.json", "export.json", ...all.proven.keys()]);
    for (const name of [...new Set([...Object.keys(files), ...all.folder.names])].sort()) {
      const same = beside.has(name) || (has(files, name) && files[name] === all.folder.digest(name));
      need(same, "与清单不符", "not as the manifest says", name);
    }
    return say("文件均为所导出的", "the files are as exported by", `${actor}, ${at}`);
  },

  async time_stamp(all, given) {
    if (given.tsa || all.folder.names.some((name) => name.startsWith("stamp/")))
      return (await import("./time_stamp.mjs")).caseStamp(all, given);
    throw Object.assign(new Unknown(say("没有时间戳", "there is no time stamp")), { status: "note" });
  },
};

/** The checkpoint whose log the proof finds the entry in. */
export function headProven(proof, entry, name) {
  const whole = text(proof), split = whole.indexOf("\n\n"), note = whole.slice(split + 2);
  const [title, index, ...path] = whole.slice(0, split).split("\n");
  const [origin, size, root, ...more] = note.slice(0, Math.max(0, note.lastIndexOf("\n\n"))).split("\n");
  const number = index?.startsWith("index ") ? index.slice(6) : "", form = title === "c2sp.org/tlog-proof@v1";
  const sound = form && NUMBER.test(number) && NUMBER.test(size) && root && !more.includes("");
  const inside = sound && proof.length <= MOST_PROOF && BigInt(number) < BigInt(size);
  need(inside, "不是有效的证明", "it is no sound proof", name);
  const siblings = path.map((line) => decoded(line, 32));
  const found = rootOver(sha256(Buffer.of(0), entry), BigInt(number), BigInt(size), siblings, name);
  need(found.equals(decoded(root, 32)), "不是这条记录的证明", "a proof does not prove its entry", name);
  return { origin, size, root, note };
}

/** The root of a tree of that size, as RFC 6962 (2.1) defines it, from a leaf and what stands beside its way up. */
function rootOver(leaf, index, size, path, name) {
  if (size === 1n) {
    need(path.length === 0, "证明过长", "a proof is too long", name);
    return leaf;
  }
  need(path.length > 0, "证明过短", "a proof is too short", name);
  const half = 1n << BigInt((size - 1n).toString(2).length - 1), beside = path.at(-1), below = path.slice(0, -1);
  if (index < half) return sha256(Buffer.of(1), rootOver(leaf, index, half, below, name), beside);
  return sha256(Buffer.of(1), beside, rootOver(leaf, index - half, size - half, below, name));
}

/** Whether the key has signed the note; a false signature fails the check. */
function isSigned(note, key) {
  const split = note.lastIndexOf("\n\n"), body = note.slice(0, split + 1), lines = note.slice(split + 2).split("\n");
  const sound = split >= 0 && lines.pop() === "" && !/[\0-\x09\x0b-\x1f]/.test(note);
  need(sound, "不是签名的检查点", "it is no signed checkpoint");
  let found = false;
  for (const line of lines) {
    const [dash, signer, coded, ...more] = line.split(" ");
    need(dash === "\u2014" && coded && more.length === 0, "签名行不对", "a line below it is no signature");
    const proof = decoded(coded);
    need(proof.length > 4, "签名行不对", "a line below it is no signature");
    if (signer !== key.name || !proof.subarray(0, 4).equals(key.number)) continue;
    found = true;
    const stamped = key.kind === 4, start = stamped ? 12 : 4;
    need(proof.length === start + 64, "签名长度不对", "a signature is of another length", signer);
    const time = stamped ? `cosignature/v1\ntime ${proof.readBigUInt64BE(4)}\n` : "";
    need(verify(null, Buffer.from(time + body), key.key, proof.subarray(start)), "签名无效", "a signature is false", signer);
  }
  return found;
}

/** The keys of a file, a vkey a line. */
function keysIn(bytes, kind) {
  return text(bytes).split(/\s+/).filter(Boolean).map((vkey) => {
    const [name, number, ...rest] = vkey.split("+"), coded = decoded(rest.join("+"), 33);
    const right = name && coded[0] === kind && hex(`${name}\n`, coded).slice(0, 8) === number;
    need(right, "不是所需的公钥", "it is not a key of the kind that belongs here", vkey);
    const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), coded.subarray(1)]);
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return { name, kind, number: Buffer.from(number, "hex"), key };
  });
}

/** [status, sentence] of each check, in order. After one that failed, or could not be read, the others are not made. */
async function results(where, given) {
  const found = [], all = { where };
  for (const name of CHECKS) {
    try {
      found.push(["ok", await checks[name](all, given)]);
    } catch (problem) {
      found.push(outcome(problem));
      if (!(problem instanceof Unknown) || !all.folder) break;
    }
  }
  while (found.length < CHECKS.length) found.push(["unknown", say("未校验", "not checked")]);
  return found;
}

function outcome(problem) {
  if (problem instanceof Unknown) return [problem.status ?? "unknown", problem.message];
  if (problem instanceof Failed) return ["FAILED", problem.message];
  const isAway = problem.syscall || problem.code === "ERR_MODULE_NOT_FOUND";
  if (isAway) return ["unknown", say("无法校验", "it cannot be checked", problem.message)];
  return ["FAILED", say("缺失或有误", "missing or wrong", String(problem))];
}

async function main() {
  let asked;
  try {
    const file = { type: "string" }, flag = { type: "boolean" };
    const options = { "log-key": file, "witness-key": file, "tsa-roots": file, "trust-enclosed-keys": flag };
    asked = parseArgs({ options, allowPositionals: true });
  } catch (problem) {
    console.error(problem.message);
    return 2;
  }
  const { "log-key": log, "witness-key": witness, "tsa-roots": tsa, "trust-enclosed-keys": trust } = asked.values;
  const [where = dirname(fileURLToPath(import.meta.url))] = asked.positionals;
  const found = await results(where, { log, witness, tsa, trust });
  const [failed, unknown] = ["FAILED", "unknown"].map((mark) => found.some(([status]) => status === mark));
  found.push(["note", say("PDF 内的签名不在此校验", "signatures inside the PDFs are not checked here", "verify_pdf.py")]);
  found.forEach(([status, said], place) => {
    const shown = said.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
    console.log(`${status.padEnd(7)}  ${(CHECKS[place] ?? "pdf").padEnd(10)}  ${shown}`);
  });
  console.log(failed ? say("不真实", "not genuine") : unknown ? say("无法判断", "could not tell") : say("真实", "genuine"));
  return failed ? 1 : unknown ? 2 : 0;
}

main().then((code) => (process.exitCode = code)); // not awaited: time_stamp.mjs waits until this file was read
