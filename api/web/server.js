// The way to the API: one request, its refusals, and the phrases of a language.

const API = new URL("../v1/", import.meta.url);
const LONGEST_WAIT = 30; // seconds: for one request, and for a Retry-After that is waited out unasked
const RATE_LIMIT_TRIES = 4;

export class RefusalError extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || "");
    this.status = status;
    this.fields = problem?.errors?.map(({ field }) => field) ?? []; // what of the request was wrong
    // The server understood and would say the same again; asking once more unchanged is of no use.
    this.isFinal = status >= 400 && status < 500 && status !== 408 && status !== 429;
  }
}

function secondsToWait(response) {
  const header = response.headers.get("Retry-After") ?? "1";
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(seconds, 0.2) : 1;
}

/** Send, and wait out a rate limit. Throws RefusalError where the server says no, others where it was not reached. */
export async function post(path, body, signal) {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(new URL(path, API), {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_WAIT * 1000)]),
    });
    const content = await response.json().catch(() => null);
    if (response.ok && content) return content;
    const seconds = secondsToWait(response);
    if (response.status !== 429 || attempt === RATE_LIMIT_TRIES || seconds > LONGEST_WAIT) {
      throw new RefusalError(response.status, content);
    }
    await new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
    signal.throwIfAborted();
  }
}

const fetchedPhrases = new Map();

/** Interface strings of a language; fetched once. */
export async function fetchPhrases(tag) {
  if (!fetchedPhrases.has(tag)) {
    const response = await fetch(new URL(`phrases/${encodeURIComponent(tag)}`, API), { signal: AbortSignal.timeout(4000) });
    if (!response.ok) throw new RefusalError(response.status, null);
    fetchedPhrases.set(tag, await response.json());
  }
  return fetchedPhrases.get(tag);
}
