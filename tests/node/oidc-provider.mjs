// An OpenID provider for tests, strict where it matters to a native client: S256, exact redirect paths, refresh
// tokens that are used once, revocation (RFC 7009), `iss` in the redirect (RFC 9207).
//
//   node oidc-provider.mjs ACCESS_TTL_SECONDS
//
// Prints one line of JSON when it is ready.

import { createServer } from 'node:http';
import { errors, Provider } from 'oidc-provider';

const accessTtl = Number(process.argv[2] ?? 3600);
const CLIENT_ID = 'keyfob-tests';
const counters = { codes_exchanged: 0, refreshes: 0, refused: 0, revocations: 0 };

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: CLIENT_ID,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    },
  ],
  scopes: ['openid', 'offline_access'],
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    deviceFlow: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Without one asked for, the tokens are as they always were.
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, resource) => {
        if (!resource.startsWith('https://gateway.example/')) throw new errors.InvalidTarget();
        return { scope: 'openid offline_access llm', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: accessTtl };
      },
    },
  },
  ttl: { AccessToken: accessTtl, RefreshToken: 24 * 3600 },
  // The login page takes any name; that name is then the account.
  findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  cookies: { keys: ['tests only'] },
});

provider.on('grant.success', (context) => {
  const refreshed = context.oidc.params.grant_type === 'refresh_token';
  counters[refreshed ? 'refreshes' : 'codes_exchanged'] += 1;
});
provider.on('grant.error', () => (counters.refused += 1));

const answer = provider.callback();
server.on('request', (request, response) => {
  if (request.url === '/control/counters') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(counters));
    return;
  }
  if (request.method === 'POST' && request.url === '/token/revocation') {
    counters.revocations += 1;
  }
  answer(request, response);
});

console.log(JSON.stringify({ issuer, client_id: CLIENT_ID }));
