/** oidc-provider on loopback: `node provider.js '{"redirect": URL or "URL*", "accounts": {LOGIN: CLAIMS}}'` prints its port. POST /rotate changes its keys. */

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { redirect, accounts } = JSON.parse(process.argv[2]);
console.info = console.warn = () => undefined; // what it says of quick starts

const key = () => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  kid: randomUUID(),
  alg: "RS256",
  use: "sig",
});

const made = (issuer) => {
  const provider = new Provider(issuer, {
    clients: [{ client_id: "labyard", client_secret: "s3cr/t +:", redirect_uris: [redirect.replace("*", "")] }],
    jwks: { keys: [key()] },
    cookies: { keys: [randomUUID()] },
    claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email", "email_verified"] },
    findAccount: (_context, sub) => (accounts[sub] ? { accountId: sub, claims: () => ({ sub, ...accounts[sub] }) } : undefined),
  });
  // A server of a test has its port when this is up already.
  if (redirect.endsWith("*")) provider.Client.prototype.redirectUriAllowed = (uri) => uri.startsWith(redirect.slice(0, -1));
  return provider;
};

let answer;
const server = createServer((request, response) => {
  if (request.method === "POST" && request.url === "/rotate") {
    answer = made(issuer).callback();
    response.end("{}");
    return;
  }
  answer(request, response);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
answer = made(issuer).callback();
process.stdout.write(`${server.address().port}\n`);
