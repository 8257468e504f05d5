import type { GivenTemplate } from "sendstate/renderer/mjml"

// Text in a module, not files: the built package has them too, wherever it is installed.

const style = `
<mj-attributes>
  <mj-all font-family="Helvetica, Arial, sans-serif" />
  <mj-text font-size="16px" line-height="24px" color="#22303c" />
  <mj-button background-color="#0b6e4f" border-radius="6px" font-size="16px" />
</mj-attributes>`

const footer = `
<mj-section>
  <mj-column>
    <mj-text font-size="12px" line-height="18px" color="#6b7780">Acme Ledger, 1 Sample Street, Example Town. <a href="{{unsubscribeUrl}}">Unsubscribe</a></mj-text>
  </mj-column>
</mj-section>`

const page = (body: string): string => `
<mjml>
  <mj-head>{{> style}}</mj-head>
  <mj-body background-color="#eef2f0">
    <mj-section background-color="#ffffff" padding="24px">
      <mj-column>${body}</mj-column>
    </mj-section>
    {{> footer}}
  </mj-body>
</mjml>`

const template = (subject: string, body: string): Omit<GivenTemplate, "locales"> => ({
  subject,
  mjml: page(body),
  partials: { style, footer },
})

const greeting = `<mj-text>Hello {{default firstName "there"}},</mj-text>`

/** The three mails of the demo; the first one in two languages. */
export const templates: Readonly<Record<string, GivenTemplate>> = {
  welcome: {
    ...template(
      'Welcome to Acme Ledger, {{default firstName "and hello"}}',
      `${greeting}
      <mj-text>your {{plan}} account for {{plural seats one="# person" other="# people"}}{{#if company}} at {{company}}{{/if}} is ready. The trial ends on {{date trialEnds "long"}}.</mj-text>
      <mj-button href="https://ledger.acme.example/start?lead={{lead.id}}">Open your books</mj-button>`,
    ),
    locales: {
      de: template(
        'Willkommen bei Acme Ledger, {{default firstName "und hallo"}}',
        `<mj-text>Guten Tag {{default firstName "zusammen"}},</mj-text>
        <mj-text>Ihr Konto ({{plan}}) für {{plural seats one="# Person" other="# Personen"}}{{#if company}} bei {{company}}{{/if}} ist bereit. Der Test endet am {{date trialEnds "long"}}.</mj-text>
        <mj-button href="https://ledger.acme.example/start?lead={{lead.id}}">Bücher öffnen</mj-button>`,
      ),
    },
  },
  tips: template(
    "Three things that save an hour",
    `${greeting}
    <mj-text>people on the {{plan}} plan like these best:</mj-text>
    <mj-table>{{#each tips}}<tr><td>{{title}}</td><td>{{text}}</td></tr>{{/each}}</mj-table>`,
  ),
  offer: template(
    '{{currency price "EUR"}} a month{{#if company}} for {{company}}{{/if}}',
    `${greeting}
    <mj-text>your trial ends on {{date trialEnds "full"}}. {{#if (eq plan "team")}}All {{number seats}} seats keep their books.{{else}}Your books stay yours.{{/if}}</mj-text>
    <mj-button href="https://ledger.acme.example/stay?lead={{lead.id}}">Stay for {{currency price "EUR"}}</mj-button>`,
  ),
}
