import { describe, expect, it } from 'vitest';
import { risks } from './editors';
import { highlight } from './highlight';
import { startingCredibility } from './verdict';

describe('highlighted words', () => {
  const text = 'Maji yamejaa Mathare karibu na daraja la Juja Road';
  it('cut the text without losing a letter', () => {
    const pieces = highlight(text, [{ text: 'Juja Road', why: 'street' }, { text: 'Mathare', why: 'place' }, { text: 'not there', why: '' }, { text: '', why: 'x' }]);
    expect(pieces.map((p) => p.text).join('')).toBe(text);
    expect(pieces.filter((p) => p.why).map((p) => p.text)).toEqual(['Mathare', 'Juja Road']);
  });
  it('do not overlap', () => {
    expect(highlight('Juja Road', [{ text: 'Juja Road', why: 'a' }, { text: 'Road', why: 'b' }])).toEqual([{ text: 'Juja Road', why: 'a' }]);
  });
  it('leave a text without words whole', () => expect(highlight(text, [])).toEqual([{ text }]));
});

describe('what could give somebody away', () => {
  it.each([
    ['Water over the road at the market', []],
    ['Call +254 700 000 001', ['phone']],
    ['Write to amina@example.org', ['email']],
    ['At -1.2921, 36.8219', ['coordinates']],
    ['White car KBA 123A stuck', ['plate']],
    ['3 people, 2 metres of water since 14:30', []],
  ])('%s', (text, want) => expect(risks(text)).toEqual(want));
});

it('starts credibility from what the verdict says', () => {
  expect([startingCredibility('approve', 1), startingCredibility('approve', 3), startingCredibility('doubt', 9), startingCredibility('refute', 0), startingCredibility('cannot_determine', 5)]).toEqual([2, 1, 4, 5, 6]);
});
