/** Fixed tokens, functions that return tokens, guest tokens. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Token} from '../../../../web/client/connection/token.js';

test('a token that was given is used as it is, and a refusal of it is final', async () => {
  const token = new Token('given');
  await token.prepare();
  assert.deepEqual(token.header, {Authorization: 'Bearer given'});
  assert.equal(token.refuse(), false);
});

test('a function is asked for another one, until new ones are refused as well', async () => {
  let asked = 0;
  const token = new Token(async () => `t${asked += 1}`);
  await token.prepare();
  await token.prepare();
  assert.deepEqual([asked, token.header.Authorization], [1, 'Bearer t1']);
  assert.equal(token.refuse(), true);
  assert.deepEqual(token.header, {});
  await token.prepare();
  assert.equal(token.header.Authorization, 'Bearer t2');
  assert.equal(token.refuse(), false);
  await token.prepare();
  token.accept();
  assert.equal(token.refuse(), true, 'one that was taken has merely expired');
});

for (const [what, source] of [
  ['throws', () => { throw new Error('no'); }], ['rejects', async () => { throw new Error('no'); }],
  ['gives nothing', () => ''], ['gives no string', () => 5],
]) {
  test(`a function that ${what} is asked again`, async () => {
    await assert.rejects(new Token(source).prepare(), {code: 'no_token', lasting: false});
  });
}

test('a guest without an invitation has none, and refusing that is final', async () => {
  const token = new Token();
  await token.prepare();
  assert.deepEqual([token.missing, token.header, token.refuse()], [true, {}, false]);
});

test('a guest asks for another token before the last one expires', async (context) => {
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const token = new Token();
  let given = 0;
  token.useGuestTokens(async () => ({token: `g${given += 1}`, expires: now + 600_000}));
  for (const [at, count] of [[0, 1], [539_000, 1], [541_000, 2]]) {
    now = at;
    await token.prepare();
    assert.equal(given, count, `${at} ms`);
  }
  assert.deepEqual([token.header.Authorization, token.refuse()], ['Bearer g2', true]);
});
