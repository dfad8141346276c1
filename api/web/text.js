// Words as people read them: addresses become links, moments become dates.

// Scripts written without spaces end an address, because the sentence may go on right behind it.
const ADDRESS =
  /https?:\/\/[^\s<>"'«»“”„‘’`{}|\\^\u2066-\u2069\u3000-\u303f\uff00-\uffef\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}]+/giu;
// Chromium leaves Belarusian out of its locale data, and its speakers are first-class users.
const BELARUSIAN_DAYS = ["нядзеля", "панядзелак", "аўторак", "серада", "чацвер", "пятніца", "субота"];
const BELARUSIAN_MONTHS = ["студзеня", "лютага", "сакавіка", "красавіка", "мая", "чэрвеня",
  "ліпеня", "жніўня", "верасня", "кастрычніка", "лістапада", "снежня"];

/** The language of a tag, without script and region. */
export const primary = (tag) => String(tag ?? "").toLowerCase().split("-")[0];

/** Without what ends a sentence, and without a bracket that was opened before the address. */
function trimAddress(text) {
  let address = text;
  for (;;) {
    const last = address.at(-1);
    const opening = { ")": "(", "]": "[" }[last];
    const isItsOwn = opening && address.split(opening).length >= address.split(last).length;
    if (isItsOwn || !/[.,;:!?…)\]،؛؟।]/u.test(last)) return address;
    address = address.slice(0, -1);
  }
}

export function isWebAddress(text) {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}

/** Plain text in; text nodes and links out. */
export function writeText(element, text) {
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimAddress(match[0]);
    if (!isWebAddress(address)) continue;
    const link = document.createElement("a");
    Object.assign(link, { href: address, rel: "noopener", target: "_blank", dir: "ltr", textContent: address });
    element.append(text.slice(from, match.index), link);
    from = match.index + address.length;
  }
  element.append(text.slice(from));
}

/** What stands before a passage, the passage, and what stands after it. */
export function splitAt(text, passage) {
  const start = text.indexOf(passage);
  return [text.slice(0, start), passage, text.slice(start + passage.length)];
}

const isolated = (line) => `\u2068${line}\u2069`;

/** A message is written for channels without buttons too; where there are buttons, its numbered list says all twice. */
export function withoutChoices(message, choices) {
  // A text that runs the other way is isolated by the server; in a message that runs right to left each line has a mark.
  const lines = message.split("\n");
  const isListed = (line, number, text) => [text, isolated(text)].includes(line.replace(/^\u200f/, "").replace(`${number}. `, ""));
  const listed = lines.slice(-choices.length);
  if (choices.length === 0 || !choices.every(({ question }, index) => isListed(listed[index] ?? "", index + 1, question))) {
    return message;
  }
  return lines.slice(0, -choices.length).join("\n").trimEnd();
}

/** The passage of a message that is this text, with each of its lines isolated or as it is; "" where there is none. */
export function passageOf(message, text) {
  return [text.replace(/^(?=.*\S).*$/gm, isolated), text].find((passage) => message.includes(passage)) ?? "";
}

/** A promised moment in the customer's own time zone, with its weekday. */
export function formatDue(moment, tag) {
  // The calendar of the server's words: a moment must not have two dates on one page.
  const clock = { hour: "numeric", minute: "2-digit", timeZoneName: "short", calendar: "gregory" };
  if (primary(tag) === "be") {
    const day = `${BELARUSIAN_DAYS[moment.getDay()]}, ${moment.getDate()} ${BELARUSIAN_MONTHS[moment.getMonth()]}`;
    return `${day}, ${new Intl.DateTimeFormat("en-GB", clock).format(moment)}`;
  }
  // Where the browser does not know the language: figures are read everywhere, a foreign weekday is not.
  const isKnown = Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0;
  const day = isKnown ? { weekday: "long", day: "numeric", month: "long" } : { day: "2-digit", month: "2-digit", year: "numeric" };
  return new Intl.DateTimeFormat(isKnown ? tag : "de", { ...day, ...clock }).format(moment);
}
