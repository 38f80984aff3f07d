/** Which requesters an endpoint takes besides ordinary ones (`api/auth/internal.py: get_user_by_req`). */
export interface RequesterOptions {
  readonly allowGuest?: boolean;
  readonly allowExpired?: boolean;
  readonly allowLocked?: boolean;
}
