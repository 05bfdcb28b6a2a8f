// The stamp of a time authority in an exported case (RFC 3161, a token in DER), for verify.mjs. It checks what
// time_stamp.py checks, and shares no code with it.
import { createHash, verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { Unknown, headProven, need, say, text } from "./verify.mjs";

const COPY = "stamp/checkpoint", TOKEN = "stamp/checkpoint.tst", ROOTS = "keys/tsa.crt.pem";
const CLOCKS_DIFFER = 5 * 60_000; // milliseconds
const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/;
// Tags, and object identifiers: what is signed, by which attributes, with which algorithms.
const SEQUENCE = 0x30, SET = 0x31, OID = 0x06, OCTETS = 0x04, BOOLEAN = 0x01, MOMENT = 0x18, FIRST = 0xa0, FOURTH = 0xa3;
const SIGNED_DATA = "2a864886f70d010702", TST_INFO = "2a864886f70d0109100104", USAGE = "551d25";
const KIND = "2a864886f70d010903", DIGEST = "2a864886f70d010904", STAMPING = "2b06010505070308";
const SIGNERS = ["2a864886f70d010910022f", "2a864886f70d010910020c"];
const HASHES = { "608648016503040201": "sha256", "608648016503040202": "sha384", "608648016503040203": "sha512" };
const RSA = ["2a864886f70d010101", "2a864886f70d01010b", "2a864886f70d01010c", "2a864886f70d01010d"];
const ECDSA = ["2a8648ce3d040302", "2a8648ce3d040303", "2a8648ce3d040304"];
const BY_LENGTH = { 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512" };

const known = (truth, ...words) => {
  if (!truth) throw new Unknown(say(...words));
};
const form = (truth) => need(truth, "不是所需的时间戳格式", "a time stamp of another form");
const hashed = (name, bytes) => createHash(name).update(bytes).digest();

/** What there is to say of the stamp. The entries are chained, so whoever stamped one has stamped all before it; who
 * signed the checkpoint is not asked: what counts is the root in it. */
export function caseStamp(all, given) {
  const there = all.folder.names.filter((name) => name.startsWith("stamp/"));
  known(there.length, "没有时间戳", "there is no time stamp");
  const numbers = there.flatMap((name) => /^stamp\/([1-9][0-9]{0,8})\.tlog-proof$/.exec(name)?.[1] ?? []).map(Number);
  const whole = there.length === 3 && there.includes(COPY) && there.includes(TOKEN) && numbers.length === 1;
  need(whole && numbers[0] <= all.lines.length, "时间戳不完整", "the time stamp is not complete", there.sort().join(", "));
  const [number] = numbers, name = `stamp/${number}.tlog-proof`, copy = all.folder.read(COPY);
  const head = headProven(all.folder.read(name), all.lines[number - 1], name);
  need(head.origin === all.origin, "属于另一日志", "of another log", name);
  const same = Buffer.from(head.note).equals(copy);
  need(same, "证明指向的不是盖了时间戳的检查点", "the proof leads to another checkpoint than was stamped", name);
  const { at, by } = stampedAt(all.folder.read(TOKEN), copy, rootsFrom(all.folder, given.tsa));
  const received = Date.parse(all.entries[number - 1].received_at);
  need(at >= received - CLOCKS_DIFFER, "时间戳早于记录", "the time stamp is older than the entry", said(at));
  const trusted = given.tsa || given.trust;
  known(trusted, "时间戳的根证书须与公布者核对", "its root is to be compared with what the authority publishes", by);
  const about = `${number}/${all.lines.length}, ${by}, ${said(at)}`;
  return say("时间戳服务机构见过的记录，机构、时间", "entries that a time authority saw; who, when", about);
}

function rootsFrom(folder, file) {
  if (!file && !folder.names.includes(ROOTS)) return [];
  const found = text(file ? readFileSync(file) : folder.read(ROOTS)).match(PEM) ?? [];
  return found.map((pem) => new X509Certificate(pem));
}

const said = (at) => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** When, and who stamped just these bytes, if that is an authority under one of the roots; throws where it is not. */
function stampedAt(token, data, roots) {
  need(isWhole(token), "时间戳残缺或多出内容", "the time stamp is cut short, or goes on behind its end");
  const [kind, packed] = parts(value(token).content, OID, FIRST);
  const [, , content, ...more] = values(parts(packed.content, SEQUENCE)[0].content);
  const coded = more.find(({ tag }) => tag === FIRST), signers = more.at(-1);
  const [kindOf, told] = parts(content.content, OID, FIRST);
  const info = parts(told.content, OCTETS)[0].content;
  form(kind.hex === SIGNED_DATA && kindOf.hex === TST_INFO && coded);
  const [, , imprint, , moment] = values(parts(info, SEQUENCE)[0].content);
  form(moment?.tag === MOMENT);
  const [algorithm, digest] = parts(imprint.content, SEQUENCE, OCTETS);
  const over = hashed(hashOf(values(algorithm.content)[0]), data);
  need(over.equals(digest.content), "时间戳所盖的不是这些内容", "the time stamp is over something else");
  const certificates = values(coded.content).filter(({ tag }) => tag === SEQUENCE);
  const loaded = certificates.map(({ whole }) => new X509Certificate(whole));
  const signer = signedBy(info, parts(signers.content, SEQUENCE)[0].content, loaded);
  const [, ...digits] = TIME.exec(moment.content.toString("latin1")) ?? [];
  form(digits.length);
  const [year, month, ...rest] = digits.slice(0, 6).map(Number), at = Date.UTC(year, month - 1, ...rest);
  checkChain(signer, loaded, roots, at);
  return { at, by: /^CN=(.*)$/m.exec(signer.subject)?.[1] ?? signer.subject };
}

/** The certificate with whose key the token is signed. */
function signedBy(info, signer, certificates) {
  const [, whose, algorithm, attributes, method, proof] = values(signer);
  form(attributes?.tag === FIRST && proof?.tag === OCTETS);
  const name = hashOf(values(algorithm.content)[0]);
  const pairs = values(attributes.content).map(({ content }) => parts(content, OID, SET));
  const told = new Map(pairs.map(([of, one]) => [of.hex, one.content]));
  form(told.has(KIND) && parts(told.get(KIND), OID)[0].hex === TST_INFO && told.has(DIGEST));
  const same = parts(told.get(DIGEST), OCTETS)[0].content.equals(hashed(name, info));
  need(same, "时间戳内容有改动", "the time stamp was altered");
  const own = certificates.filter((one) => isOf(one, ...values(whose.content)));
  need(own.length === 1, "时间戳不含签署者的证书", "the time stamp does not hold its signer's certificate");
  const [found] = own, which = SIGNERS.find((of) => told.has(of));
  form(which);
  const identified = values(values(values(parts(told.get(which), SEQUENCE)[0].content)[0].content)[0].content);
  const fingerprint = identified.find(({ tag }) => tag === OCTETS)?.content ?? Buffer.alloc(0);
  form(BY_LENGTH[fingerprint.length] && hashed(BY_LENGTH[fingerprint.length], found.raw).equals(fingerprint));
  const key = found.publicKey, used = values(method.content)[0].hex;
  const fits = { rsa: RSA, ec: ECDSA }[key.asymmetricKeyType]?.includes(used);
  known(fits, "不认识的算法", "an algorithm that is not known here");
  const sealed = Buffer.concat([Buffer.of(SET), attributes.whole.subarray(1)]);
  need(verify(name, sealed, key, proof.content), "时间戳的签名无效", "the signature of the time stamp is false");
  return found;
}

function hashOf({ hex }) {
  known(HASHES[hex], "不认识的算法", "an algorithm that is not known here");
  return HASHES[hex];
}

/** Throws unless a root stands above it, each certificate held at that time, and it is one for time stamps. */
function checkChain(signer, certificates, roots, at) {
  known(roots.length, "没有时间戳服务机构的根证书", "no root of a time authority was given", said(at));
  need(isForStamps(signer), "证书不是用于时间戳的", "the certificate is not for time stamps");
  const chain = [signer];
  const isAbove = (one) => one.raw.equals(chain.at(-1).raw) || hasIssued(one, chain.at(-1));
  while (!roots.some(isAbove)) {
    const next = certificates.find((one) => !chain.includes(one) && hasIssued(one, chain.at(-1)));
    const goesOn = next && chain.length < 8;
    need(goesOn, "不是受信任的时间戳服务机构", "no time authority under the roots that are trusted");
    chain.push(next);
  }
  const held = [...chain, roots.find(isAbove)].every((one) => Date.parse(one.validFrom) <= at && at <= Date.parse(one.validTo));
  need(held, "盖时间戳时证书不在有效期内", "the certificate was not valid when it stamped", said(at));
}

const hasIssued = (above, one) => above.ca && one.checkIssued(above) && one.verify(above.publicKey);

/** What a certificate says of itself: its serial number, its issuer, and so on (RFC 5280, 4.1). */
function fieldsOf(certificate) {
  const fields = values(values(value(certificate.raw).content)[0].content);
  return fields[0].tag === FIRST ? fields.slice(1) : fields;
}

function isOf(certificate, issuer, number) {
  const [serial, , from] = fieldsOf(certificate);
  return from.whole.equals(issuer.whole) && serial.whole.equals(number.whole);
}

/** Whether stamping is all that it may be used for. */
function isForStamps(certificate) {
  const packed = fieldsOf(certificate).find(({ tag }) => tag === FOURTH);
  const extensions = packed ? values(value(packed.content).content).map(({ content }) => values(content)) : [];
  const [, critical, usage] = extensions.find(([of]) => of.hex === USAGE) ?? [];
  if (critical?.tag !== BOOLEAN || critical.hex !== "ff") return false;
  return values(value(usage.content).content).map(({ hex }) => hex).join() === STAMPING;
}

/** The DER value with which the bytes begin: its tag, its content (also in hexadecimal digits), both with the length. */
function value(bytes) {
  const short = bytes[1] < 128, more = short ? 0 : bytes[1] - 128;
  const start = 2 + more, proper = bytes.length >= start && more <= 4 && (short || (more > 0 && bytes[2] > 0));
  const size = !proper ? 0 : short ? bytes[1] : bytes.readUIntBE(2, more);
  const whole = bytes.subarray(0, start + size), content = whole.subarray(start);
  const sound = proper && content.length === size && (short || size > 127);
  need(sound, "签名编码有误", "a signature is badly coded");
  return { tag: bytes[0], content, whole, hex: content.toString("hex") };
}

/** All that the bytes consist of. */
function values(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; at += found.at(-1).whole.length) found.push(value(bytes.subarray(at)));
  return found;
}

/** The same, where they have these tags. */
function parts(bytes, ...tags) {
  const found = values(bytes);
  form(found.map(({ tag }) => tag).join() === tags.join());
  return found;
}

function isWhole(token) {
  try {
    return value(token).whole.length === token.length;
  } catch {
    return false;
  }
}
