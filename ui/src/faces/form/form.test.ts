// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { quickExit, words } from './plain';
import { check, stepThrough } from './steps';

const page = `
<a id="exit" href="/elsewhere">Leave</a>
<form id="report" data-bytes="100">
  <input type="hidden" name="lat"><input type="hidden" name="lon">
  <fieldset class="step"><textarea name="text"></textarea></fieldset>
  <fieldset class="step"><input name="where"></fieldset>
  <fieldset class="step"><input name="media" type="file" multiple></fieldset>
  <div class="form-actions"><button type="submit">Send</button></div>
</form>
<template id="words"><span data-key="next">Next</span><span data-key="back">Back</span><span data-key="step">Step {n} of {of}</span><span data-key="needed">Write something</span><span data-key="large">Too big</span></template>`;

const form = () => document.querySelector('form')!;
const button = (text: string) => [...document.querySelectorAll('button')].find((b) => b.textContent === text)!;
const shown = () => [...document.querySelectorAll('.step')].findIndex((s) => s.classList.contains('step-now'));

beforeEach(() => {
  document.body.innerHTML = page;
  window.scrollTo = vi.fn() as unknown as typeof window.scrollTo;
});

describe('the form with JavaScript', () => {
  it('asks one question a screen and says which of how many', () => {
    stepThrough(form(), words());
    expect(shown()).toBe(0);
    expect(document.querySelector('.progress')!.textContent).toBe('Step 1 of 3');
    button('Next').click();
    expect(shown()).toBe(1);
    button('Back').click();
    expect(shown()).toBe(0);
    expect(button('Back').hidden).toBe(true);
  });
  it('opens at the question that was answered wrongly', () => {
    document.querySelector('[name="where"]')!.setAttribute('aria-invalid', 'true');
    stepThrough(form(), words());
    expect(shown()).toBe(1);
  });
  it('asks for something to say', () => {
    const say = words();
    expect(check(form(), say)).toEqual({ text: 'Write something', step: 0 });
    (form().elements.namedItem('text') as HTMLTextAreaElement).value = 'Water';
    expect(check(form(), say)).toBeNull();
  });
  it('refuses photos that are too big together', () => {
    (form().elements.namedItem('text') as HTMLTextAreaElement).value = 'Water';
    const files = [new File(['x'.repeat(60)], 'a'), new File(['x'.repeat(60)], 'b')];
    Object.defineProperty(form().elements.namedItem('media'), 'files', { value: files });
    expect(check(form(), words())).toEqual({ text: 'Too big', step: 2 });
  });
});

it('forgets what was typed on the way out', () => {
  quickExit();
  const text = form().elements.namedItem('text') as HTMLTextAreaElement;
  text.value = 'Water';
  document.querySelector<HTMLAnchorElement>('#exit')!.click();
  expect(text.value).toBe('');
  expect(document.body.hidden).toBe(true);
});
