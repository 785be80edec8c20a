// fold is the key under which two spellings count as one. The gazetteer folds
// again when it reads the file, more thoroughly: this one only has to be no
// coarser, so that nothing is dropped that would have made a difference.
export function fold(name) {
  return name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[\s\-_.'’ʼ`,]+/g, ' ')
    .trim();
}

// usable drops what GeoNames carries for machines: transcriptions in lower
// case Latin ("bei jing"), airport codes, links.
function usable(name) {
  if (/^[a-z' ’`-]+$/.test(name) || /^[A-Z]{2,3}$/.test(name)) return false;
  return !/[|\t\n/\\()0-9:]/.test(name) && [...name].length >= 2 && name.length <= 60;
}

// distinct keeps the alternates that add a spelling to the main name.
export function distinct(name, alternates) {
  const seen = new Set([fold(name)]);
  const kept = [];
  for (const a of alternates) {
    const key = fold(a);
    if (!usable(a) || seen.has(key)) continue;
    seen.add(key);
    kept.push(a);
  }
  return kept;
}
