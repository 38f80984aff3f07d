/**
 * A Jinja2 template of Synapse's (`jinja2.Template`): autoescaped, with the filters `format_ts` and `mxc_to_http`.
 *
 * @example
 * ```ts
 * import { type ModuleApi } from 'vesicle';
 * async function notice(api: ModuleApi) {
 *   const [html] = await api.readTemplates(['notice_expiry.html']);
 *   return html?.render({ app_name: api.emailAppName });
 * }
 * ```
 */
export interface Template {
  readonly name: string;
  /** The text with the values filled in. */
  readonly render: (values?: Readonly<Record<string, unknown>>) => Promise<string>;
}
