/**
 * Where Synapse mounts resources of its own (`app/homeserver.py`, `app/generic_worker.py`), also those that only some
 * configurations have: a module's path must not work on one server and be refused by the next.
 */
export const builtInMounts: readonly string[] = [
  '/health',
  '/.well-known',
  '/_matrix/client',
  '/_matrix/consent',
  '/_matrix/federation',
  '/_matrix/key',
  '/_matrix/media/r0',
  '/_matrix/media/v1',
  '/_matrix/media/v3',
  '/_matrix/static',
  '/_synapse/admin',
  '/_synapse/client/media_upload_limit_exceeded',
  '/_synapse/client/new_user_consent',
  '/_synapse/client/oidc',
  '/_synapse/client/password_reset/email/submit_token',
  '/_synapse/client/pick_idp',
  '/_synapse/client/pick_username',
  '/_synapse/client/rendezvous',
  '/_synapse/client/saml2',
  '/_synapse/client/sso_register',
  '/_synapse/client/unsubscribe',
  '/_synapse/client/v1/config/federation_whitelist',
  '/_synapse/mas',
  '/_synapse/metrics',
  '/_synapse/replication',
];

/**
 * The segments under which a registered path is served (`util/httpresourcetree.py: create_resource_tree`): without the
 * first piece, so `noslash` is served at `/noslash` and `drop/seg` at `/seg`. They are not percent-decoded.
 */
export function segmentsOfRegistration(path: string): readonly string[] {
  const pieces = path.split('/');
  return pieces.length === 1 ? pieces : pieces.slice(1);
}

/** The segments of a requested path, percent-decoded. */
export function segmentsOfRequest(pathname: string): readonly string[] {
  return pathname.split('/').slice(1).map(decodeSegment);
}

/** The mount point of Synapse at or above these segments, if there is one. */
export function builtInMountOf(segments: readonly string[]): string | undefined {
  const path = `/${segments.join('/')}/`;
  return builtInMounts.find((mount) => path.startsWith(`${mount}/`));
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    // Twisted decodes byte for byte: a broken escape stays as it is, the others do not.
    return segment.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString(),
    );
  }
}
