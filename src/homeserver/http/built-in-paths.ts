/** Where Synapse mounts its own resources that take everything below them (`app/homeserver.py: _configure_named_resource`). */
const MOUNTS = [
  '/_matrix/client',
  '/_synapse/admin',
  '/_matrix/media/v3',
  '/_matrix/media/v1',
  '/_matrix/media/r0',
  '/_matrix/federation',
  '/_matrix/key',
  '/_matrix/static',
  '/_synapse/client/pick_idp',
  '/_synapse/client/pick_username',
  '/_synapse/client/new_user_consent',
  '/_synapse/client/sso_register',
  '/_synapse/client/unsubscribe',
  '/_synapse/client/media_upload_limit_exceeded',
  '/.well-known',
  '/health',
];

/** Whether a path belongs to the homeserver itself rather than to a module. */
export function isBuiltIn(path: string): boolean {
  return MOUNTS.some((mount) => isAtOrBelow(path, mount));
}

/** Whether an unknown path lies below a segment that exists only for what is mounted under it: JSON 404 there, HTML elsewhere. */
export function isDummy(path: string): boolean {
  return isAtOrBelow(path, '/_matrix') || isAtOrBelow(path, '/_synapse');
}

function isAtOrBelow(path: string, mount: string): boolean {
  return path.startsWith(mount) && (path.length === mount.length || path[mount.length] === '/');
}
