// Where in a text the words are that led to a suggestion.
export interface Piece { text: string; why?: string }

/** Cuts a text at the words; of overlapping ones the first wins. Words are
 * looked up by what they say, since offsets count differently in other tongues. */
export function highlight(text: string, words: { text: string; why: string }[]): Piece[] {
  const found: { from: number; to: number; why: string }[] = [];
  for (const word of words) {
    const from = word.text ? text.indexOf(word.text) : -1;
    const to = from + word.text.length;
    if (from >= 0 && !found.some((f) => from < f.to && to > f.from)) found.push({ from, to, why: word.why });
  }
  found.sort((a, b) => a.from - b.from);
  const pieces: Piece[] = [];
  let end = 0;
  for (const { from, to, why } of found) {
    if (from > end) pieces.push({ text: text.slice(end, from) });
    pieces.push({ text: text.slice(from, to), why });
    end = to;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}
