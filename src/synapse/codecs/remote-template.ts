import type { Template } from '../../module-api/template.js';
import type { Connection } from '../transport/connection.js';
import { anyValue } from '../protocol/wire-codec.js';
import type { WireTemplate, WireValues } from '../protocol/wire-values.js';

/** A template of Synapse's, rendered there. */
export class RemoteTemplate implements Template {
  readonly name: string;

  constructor(
    private readonly wire: WireTemplate,
    private readonly connection: Connection,
  ) {
    this.name = wire.name;
  }

  readonly render: Template['render'] = (values = {}) =>
    this.connection.request('template.render', {
      template: this.wire.template,
      values: anyValue(values as WireValues),
    });
}
