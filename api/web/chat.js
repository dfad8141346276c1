// The customer's chat page. What was said is a list of entries in `talk`; everything in the log is drawn from
// them, so a reloaded page shows the same conversation. Texts reach the page through textContent only.

import { RefusalError, fetchPhrases, post } from "./server.js";
import { formatDue, isWebAddress, passageOf, primary, splitAt, withoutChoices, writeText } from "./text.js";

const LONGEST_QUESTION = 2000; // characters, as the server counts them
const COUNT_FROM = 1800;
const THINKING_AFTER = 250; // milliseconds: a quick answer needs no sign of waiting
const RIGHT_TO_LEFT = new Set(["ar", "ckb", "dv", "fa", "he", "ps", "ug", "ur", "yi"]);

const at = (id) => document.getElementById(id);
const [picker, stream, log, thinking, notice, question, counter] =
  ["language", "stream", "log", "thinking", "notice", "question", "counter"].map(at);

const talk = { conversation: newId(), entries: [], language: "", told: "" }; // `told`: the wish the server knows of
let phrases = { language: "en", direction: "ltr", widget: {}, status: {}, languages: [] };
let wish = readStore(localStorage, "faq-language") ?? ""; // the language the customer chose; "" is automatic
let ending = new AbortController(); // of this conversation: a new one gives up what is still on its way
let line = Promise.resolve(); // messages go to the server one after another, in the order they were said
let inLine = 0;

// ---- small tools

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // randomUUID exists in secure contexts only, and shops do run on plain http inside their network.
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

function readStore(store, key) {
  try {
    return JSON.parse(store.getItem(key));
  } catch {
    return null; // storage is off, or holds something of somebody else
  }
}

function writeStore(store, key, value) {
  try {
    store.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is off or full: the chat goes on, it only does not survive a reload.
  }
}

const remember = () => writeStore(sessionStorage, "faq-chat", talk);

/** Back to the question box, unless that would raise the keyboard of a phone over the answer. */
function focusQuestion() {
  if (!matchMedia("(pointer: coarse)").matches) question.focus();
}

function directionOf(tag) {
  if (tag === phrases.language) return phrases.direction;
  const served = phrases.languages.find((language) => language.code === tag);
  return served?.direction ?? (RIGHT_TO_LEFT.has(primary(tag)) ? "rtl" : "ltr");
}

function setLanguage(element, tag) {
  element.lang = tag;
  element.dir = directionOf(tag);
}

// ---- languages

/** Fill in the words; a message already in the log keeps the language it was said in. */
function translate(root) {
  const words = { ...phrases.widget, none_of_these: phrases.none_of_these };
  for (const element of root.querySelectorAll("[data-phrase]")) {
    if (!log.contains(element)) element.textContent = words[element.dataset.phrase] ?? element.textContent;
  }
  for (const element of root.querySelectorAll("[data-phrase-attributes]")) {
    for (const pair of element.dataset.phraseAttributes.split(" ")) {
      const [attribute, key] = pair.split("=");
      if (words[key]) element.setAttribute(attribute, words[key]);
    }
  }
}

function setInterface(fetched) {
  phrases = fetched;
  talk.language = phrases.language;
  setLanguage(document.documentElement, phrases.language);
  translate(document);
  document.title = at("title").textContent;
  const offered = phrases.languages.map(({ code, name }) => {
    // Languages are written small in many languages; a list entry begins with a capital in all that have them.
    const [first = "", ...others] = name;
    const option = new Option(first.toLocaleUpperCase(code) + others.join(""), code, false, code === wish);
    option.lang = code;
    return option;
  });
  // As in a dictionary, whichever language the page is in: a customer looks for their own at the same place.
  offered.sort((one, other) => one.text.localeCompare(other.text, "en"));
  picker.replaceChildren(picker.options[0], ...offered);
  if (talk.entries.length === 0) redraw();
  measure();
}

/** Where the server has no words for a language, it speaks English. */
const isServed = (fetched, tag) => fetched.language !== "en" || primary(tag) === "en";

/** Use the first of these languages that the server has words for; without any, the page keeps what it has. */
async function useLanguage(...tags) {
  for (const tag of tags) {
    try {
      const fetched = await fetchPhrases(tag);
      if (isServed(fetched, tag) || tag === tags.at(-1)) return setInterface(fetched);
    } catch (error) {
      if (!(error instanceof RefusalError)) return; // no network: sending will say so, with a way out
    }
  }
}

function wishFor(tag) {
  wish = tag;
  writeStore(localStorage, "faq-language", wish);
}

/** On automatic the page speaks as the reply does; who writes "English please" is on automatic from then on. */
async function followReply(language, body) {
  const tag = language?.code;
  if (wish && language?.source === "requested" && !body.language) {
    wishFor("");
    talk.told = "";
    picker.value = "";
  }
  if (wish || !tag || tag === phrases.language) return;
  const fetched = await fetchPhrases(tag).catch(() => null);
  if (fetched && isServed(fetched, tag)) setInterface(fetched);
}

// ---- drawing

function clone(id) {
  const copy = at(id).content.cloneNode(true);
  translate(copy);
  return copy.firstElementChild;
}

function drawMine(entry) {
  const message = clone("mine");
  setLanguage(message, entry.language);
  message.querySelector(".bubble").textContent = entry.text;
  return message;
}

/** Put the failure under a message that did not get through, or take it away. */
function showState(entry) {
  const message = drawn.get(entry);
  const before = message.querySelector(".failure");
  if (before?.contains(document.activeElement)) focusQuestion();
  before?.remove();
  if (entry.state !== "failed") return;
  const failure = clone("failure");
  setLanguage(failure, phrases.language);
  if (entry.detail) failure.querySelector(".reason").textContent = entry.detail;
  failure.querySelector(".retry").addEventListener("click", () => deliver(entry));
  message.append(failure);
  showEnd(message);
}

function drawTheirs(entry) {
  const message = clone("theirs");
  setLanguage(message, entry.language);
  const bubble = message.querySelector(".bubble");
  bubble.id = newId();
  const [before, quoted, after] = entry.quoted ? splitAt(entry.message, entry.quoted.text) : [entry.message, "", ""];
  writeText(bubble, before);
  if (quoted) {
    const foreign = document.createElement("span");
    setLanguage(foreign, entry.quoted.language);
    writeText(foreign, quoted);
    bubble.append(foreign);
  }
  writeText(bubble, after);
  if (entry.source && !entry.message.includes(entry.source.url)) message.append(drawSource(entry.source));
  if (entry.choices.length) message.append(drawChoices(entry, bubble.id));
  if (entry.ticket) message.append(drawTicket(entry.ticket));
  if (entry.answerId) message.append(drawRating(entry));
  return message;
}

function drawSource({ url, title, language }) {
  const source = clone("source");
  source.href = url;
  const name = source.querySelector("bdi");
  name.lang = language;
  name.textContent = title || new URL(url).host;
  return source;
}

function drawTicket(ticket) {
  const card = clone("ticket");
  setLanguage(card, phrases.language);
  card.querySelector(".number").textContent = ticket.id;
  card.querySelector(".status").textContent = phrases.status[ticket.status] ?? ticket.status;
  card.querySelector(".status").dataset.status = ticket.status;
  const moment = new Date(ticket.due_at ?? NaN);
  if (Number.isNaN(moment.getTime())) {
    card.querySelector(".due").remove();
  } else {
    card.querySelector("time").dateTime = ticket.due_at;
    card.querySelector("time").textContent = formatDue(moment, phrases.language);
  }
  return card;
}

/** Mark which button was taken. They stay where they are: the keyboard keeps its place, and nothing is read out again. */
function settle(buttons, taken) {
  for (const button of buttons) {
    button.setAttribute("aria-disabled", String(taken !== undefined));
    button.setAttribute("aria-pressed", String(button.value === taken));
  }
}

const settleChoices = (entry) => settle(drawn.get(entry).querySelectorAll(".choices button"), entry.taken);
const settleRating = (entry) => settle(drawn.get(entry).querySelectorAll(".rating button"), entry.helpful);

function drawChoices(entry, labelId) {
  const group = clone("choices");
  group.setAttribute("aria-labelledby", labelId);
  const none = group.querySelector("button");
  setLanguage(none, phrases.language);
  for (const choice of entry.choices) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "choice", dir: "auto", value: choice.id, textContent: choice.question });
    if (choice.language) button.lang = choice.language;
    none.before(button);
  }
  group.addEventListener("click", ({ target }) => target.closest("button") && choose(entry, target.closest("button")));
  return group;
}

function drawRating(entry) {
  const group = clone("rating");
  setLanguage(group, phrases.language);
  const ask = group.querySelector(".ask");
  ask.id = newId();
  group.setAttribute("aria-labelledby", ask.id);
  group.addEventListener("click", ({ target }) => target.closest("button") && rate(entry, target.closest("button").value));
  return group;
}

const drawn = new WeakMap(); // entry → its element in the log

function append(entry) {
  const element = entry.kind === "mine" ? drawMine(entry) : drawTheirs(entry);
  drawn.set(entry, element);
  log.append(element);
  if (entry.kind === "mine") {
    showState(entry);
  } else {
    settleChoices(entry);
    settleRating(entry);
  }
  showEnd(element);
}

function redraw() {
  log.setAttribute("aria-busy", "true"); // an old conversation is not read out again
  log.replaceChildren();
  append(theirs(phrases.widget.greeting ?? "Hello! How can we help?", phrases.language));
  talk.entries.forEach(append);
  log.setAttribute("aria-busy", "false");
}

/** Scroll to the newest words, but not past the beginning of a message longer than the window. */
function showEnd(element) {
  stream.scrollTo({ top: Math.min(stream.scrollHeight - stream.clientHeight, element.offsetTop - 16) });
}

function showThinking() {
  const words = clone("waiting");
  setLanguage(words, phrases.language);
  thinking.replaceChildren(words);
  showEnd(thinking);
}

// ---- the conversation

const theirs = (message, language, rest = {}) => ({ kind: "theirs", message, language, choices: [], ...rest });

function say(entry) {
  talk.entries.push(entry);
  remember();
  append(entry);
}

function ask(text, fields, origin) {
  notice.textContent = "";
  for (const open of talk.entries.filter((entry) => entry.kind === "theirs" && entry.choices.length && entry.taken === undefined)) {
    open.taken = ""; // the conversation has gone on
    settleChoices(open);
  }
  const body = { channel: "chat", message_id: newId(), conversation_id: talk.conversation, ...fields };
  // Said once: the server keeps to it, and what the customer writes later ("English please") goes before it.
  if (wish !== talk.told) body.language = wish || "und";
  talk.told = wish;
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone; // promised times are told in it
  if (timezone && timezone !== "Etc/Unknown") body.customer = { timezone };
  const entry = { kind: "mine", text, language: phrases.language, body, origin };
  say(entry);
  deliver(entry);
}

/** Put an entry in the line to the server. Nobody has to wait to speak, least of all for a person. */
function deliver(entry) {
  entry.state = "waiting";
  showState(entry);
  remember();
  const { signal } = ending;
  const go = () => (signal.aborted ? undefined : send(entry, signal));
  inLine += 1;
  stream.dataset.state = "waiting";
  line = line.then(go, go).finally(() => {
    inLine -= 1;
    if (inLine === 0) stream.dataset.state = "ready";
  });
}

/** A zone that only the browser has heard of yet must not cost the customer their answer. */
async function postQuestion(body, signal) {
  try {
    return await post("answers", body, signal);
  } catch (error) {
    if (!body.customer || !error.fields?.includes("customer.timezone")) throw error;
    delete body.customer;
    return post("answers", body, signal);
  }
}

/** Send an entry's body, the same one every time: the server takes a repeated message_id for one message. */
async function send(entry, signal) {
  const timer = setTimeout(showThinking, THINKING_AFTER);
  let reply = null;
  let failure = null;
  try {
    reply = await postQuestion(entry.body, signal);
    await followReply(reply.language, entry.body);
  } catch (error) {
    failure = error;
  }
  clearTimeout(timer);
  if (signal.aborted) return;
  thinking.replaceChildren();
  if (failure) fail(entry, failure);
  else receive(entry, reply);
  remember();
  measure();
}

function receive(entry, reply) {
  entry.state = "sent";
  const language = reply.language?.code ?? phrases.language;
  if (reply.language?.source === "detected") {
    entry.language = language;
    setLanguage(drawn.get(entry), language);
  }
  if (reply.decision === "suppressed" || !reply.message) return;
  const { answer } = reply;
  const source = isWebAddress(answer?.url) ? { url: answer.url, title: answer.question, language: answer.language } : null;
  const offered = reply.decision === "clarify" ? reply.choices : [];
  const choices = offered.map(({ article_id: id, question: text, language: tag }) => ({ id, question: text, language: tag }));
  const foreign = answer && answer.language !== language ? passageOf(reply.message, answer.text) : "";
  say(theirs(withoutChoices(reply.message, offered), language, {
    source,
    ticket: reply.ticket,
    choices,
    quoted: foreign ? { text: foreign, language: answer.language } : null,
    answerId: reply.decision === "answered" ? reply.id : null,
  }));
}

function fail(entry, error) {
  const isTyped = entry.body.choice === undefined;
  if (!error.isFinal || (isTyped && question.value.trim())) {
    entry.state = "failed";
    entry.detail = error.isFinal || error.status === 429 ? error.message : "";
    showState(entry);
    return;
  }
  // Refused as it stands: give the words back, and say why beside them.
  notice.textContent = error.message || phrases.widget.offline;
  drawn.get(entry).remove();
  talk.entries.splice(talk.entries.indexOf(entry), 1);
  if (isTyped) {
    question.value = entry.text;
  } else {
    const origin = talk.entries[entry.origin];
    delete origin.taken;
    settleChoices(origin);
  }
}

function choose(entry, button) {
  if (entry.taken !== undefined) return;
  entry.taken = button.value;
  settleChoices(entry);
  ask(button.textContent, { choice: button.value }, talk.entries.indexOf(entry));
}

async function rate(entry, helpful) {
  if (entry.helpful !== undefined) return;
  entry.helpful = helpful;
  settleRating(entry);
  notice.textContent = "";
  const { signal } = ending;
  try {
    const path = `answers/${encodeURIComponent(entry.answerId)}/feedback`;
    const reply = await post(path, { helpful: helpful === "true" }, signal);
    if (reply.message) say(theirs(reply.message, entry.language, { ticket: reply.ticket }));
  } catch (error) {
    if (signal.aborted) return;
    delete entry.helpful;
    settleRating(entry);
    notice.textContent = error.isFinal ? error.message : phrases.widget.offline;
  }
}

// ---- the question box

const length = () => [...question.value.trim()].length;

function measure() {
  const size = length();
  const figures = new Intl.NumberFormat(phrases.language);
  const isTooLong = size > LONGEST_QUESTION;
  counter.textContent = size < COUNT_FROM ? "" : `${figures.format(size)} / ${figures.format(LONGEST_QUESTION)}`;
  question.setAttribute("aria-invalid", String(isTooLong));
  if (isTooLong) notice.textContent = phrases.widget.too_long ?? counter.textContent;
  // An empty box stands as the page does, so that the placeholder does; a filled one as its words do.
  if (size) question.dir = "auto";
  else question.removeAttribute("dir");
  at("send").setAttribute("aria-disabled", String(size === 0 || isTooLong));
  if (!CSS.supports("field-sizing", "content")) {
    question.style.height = "auto";
    question.style.height = `${question.scrollHeight}px`;
  }
}

function submit() {
  const size = length();
  if (size === 0 || size > LONGEST_QUESTION) return;
  const text = question.value.trim().toWellFormed();
  question.value = "";
  ask(text, { question: text });
  measure();
}

question.addEventListener("input", () => {
  notice.textContent = "";
  measure();
});

question.addEventListener("keydown", (event) => {
  // While a word is being composed (Chinese, Japanese, Korean …), Enter belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  submit();
});

at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
  focusQuestion();
});

at("person").addEventListener("click", () => {
  const text = at("person").textContent.trim();
  const last = talk.entries.at(-1);
  if (last?.state !== "waiting" || last.text !== text) ask(text, { question: text });
});

at("new-chat").addEventListener("click", () => {
  ending.abort();
  ending = new AbortController();
  Object.assign(talk, { conversation: newId(), entries: [], told: "" });
  notice.textContent = "";
  question.value = "";
  thinking.replaceChildren();
  remember();
  redraw();
  measure();
  focusQuestion();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.target === picker) return;
  notice.textContent = "";
  question.focus();
});

picker.addEventListener("change", async () => {
  wishFor(picker.value);
  await useLanguage(...(wish ? [wish] : navigator.languages));
  remember();
});

// ---- the beginning

const before = readStore(sessionStorage, "faq-chat");
if (Array.isArray(before?.entries)) Object.assign(talk, before);
for (const entry of talk.entries) {
  if (entry.state === "waiting") entry.state = "failed"; // left on its way by a reload: it can be sent again
}
await useLanguage(...[wish, talk.language, ...navigator.languages, "en"].filter(Boolean));
redraw();
measure();
focusQuestion();
stream.dataset.state = "ready";
