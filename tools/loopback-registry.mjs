// The least of an npm registry, in memory and on the loopback interface: publish, metadata, tarballs.
import { createServer } from 'node:http';

/** Starts it on a free port. `versions()` lists what was published as `name@version`, in order. */
export async function startRegistry() {
  const documents = new Map();
  const tarballs = new Map();
  const published = [];

  function publish(name, body) {
    const known = documents.get(name) ?? { name, versions: {}, 'dist-tags': {}, time: {} };
    for (const version of Object.keys(body.versions)) {
      if (version in known.versions) return 409;
      published.push(`${name}@${version}`);
    }
    Object.assign(known.versions, body.versions);
    Object.assign(known['dist-tags'], body['dist-tags']);
    documents.set(name, known);
    for (const [file, { data }] of Object.entries(body._attachments))
      tarballs.set(basenameOf(file), Buffer.from(data, 'base64'));
    return 201;
  }

  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://loopback').pathname.slice(1));
    const answer = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'PUT') {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => answer(publish(path, JSON.parse(Buffer.concat(chunks))), {}));
      return;
    }
    const tarball = tarballs.get(basenameOf(path));
    if (tarball) response.end(tarball);
    else if (documents.has(path)) answer(200, withTarballs(documents.get(path)));
    else answer(404, { error: 'not found' });
  });

  // Where a tarball is found is the registry's to say, whatever the client published.
  function withTarballs(document) {
    const versions = Object.entries(document.versions).map(([version, manifest]) => {
      const tarball = `${url}${document.name}/-/${basenameOf(document.name)}-${version}.tgz`;
      return [version, { ...manifest, dist: { ...manifest.dist, tarball } }];
    });
    return { ...document, versions: Object.fromEntries(versions) };
  }

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  return {
    url,
    versions: () => [...published],
    stop: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

const basenameOf = (path) => path.slice(path.lastIndexOf('/') + 1);
