import type { HomeserverConfig } from './homeserver-config.js';

/**
 * Settings that are read and checked, and that nothing on the embedded homeserver looks at so far: setting one gives a
 * warning. A test compares this list with what the code uses.
 */
export const unusedSettings: ReadonlySet<keyof HomeserverConfig> = new Set<keyof HomeserverConfig>([
  'adminContact',
  'autoAcceptInvites',
  'deleteStaleDevicesAfter',
  'enableEphemeralMessages',
  'enableRegistrationCaptcha',
  'enableRegistrationWithoutVerification',
  'forgetRoomsOnLeave',
  'forgottenRoomRetentionPeriod',
  'formSecret',
  'hsDisabled',
  'hsDisabledMessage',
  'includeProfileUpdatesInSync',
  'macaroonSecretKey',
  'mediaRetention',
  'preventMediaDownloadsFrom',
  'redactionAllowedPeriod',
  'redactionRetentionPeriod',
  'signingKeyPath',
  'urlPreviewEnabled',
  'useAccountValidityInAccountStatus',
]);
