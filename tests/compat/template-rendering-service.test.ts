import { compat, templateRenderingService } from "sendstate/compat"
import { expect, test } from "vitest"
import { configure, onEachStorage } from "./engine.ts"

onEachStorage((storage) => {
  test("firstName is the first word of the name, lastName the rest, then the lead's metadata", async () => {
    await configure(storage)
    await compat.templates.put({
      id: "letter",
      name: "A letter",
      subject: "For {{firstName}}",
      html: "<p>{{firstName}}|{{lastName}}|{{email}}|{{phone}}|{{city}}</p>",
    })
    await compat.leads.put({
      id: "eve",
      email: "eve@example.test",
      name: "Eve Anne  Doe",
      phone: "1",
      metadata: { city: "Ulm" },
    })
    const mail = await templateRenderingService.renderTemplateForLead("letter", "eve")
    expect(Object.keys(mail ?? {}).sort()).toEqual(["html", "subject", "text"])
    expect(mail?.subject).toBe("For Eve")
    expect(mail?.html).toContain("Eve|Anne Doe|eve@example.test|1|Ulm")
    expect(mail?.text).toContain("Eve|Anne Doe")
  })

  test("a lead without a name is greeted as there; no last name and no telephone are empty", async () => {
    await configure(storage)
    await compat.templates.put({
      id: "letter",
      subject: "Hi {{firstName}}",
      text: "Hi {{firstName}} {{ lastName }}{{phone}}!\n\nBye",
    })
    await compat.leads.put({ id: "nameless", email: "n@example.test" })
    expect(await templateRenderingService.renderTemplateForLead("letter", "nameless")).toMatchObject({
      subject: "Hi there",
      html: expect.stringContaining("<p>Hi there !</p>"),
    })
  })

  test("missing templates, missing leads and missing values give null", async () => {
    const { warnings } = await configure(storage)
    expect(await templateRenderingService.renderTemplateForLead("hello", "nobody")).toBeNull()
    expect(await templateRenderingService.renderTemplateForLead("nowhere", "ann")).toBeNull()
    expect(await templateRenderingService.renderTemplateForLead("picky", "ann")).toBeNull()
    expect(warnings.join()).toContain("city")
  })

  test("templates and leads are validated", async () => {
    await configure(storage)
    await compat.templates.put({ id: "broken", subject: "x", html: "{{#if}}" })
    expect(await templateRenderingService.validateTemplate("hello")).toBe(true)
    expect(await templateRenderingService.validateTemplate("nowhere")).toBe(false)
    expect(await templateRenderingService.validateTemplate("broken")).toBe(false)
    expect(await templateRenderingService.validateLead("ann")).toBe(true)
    expect(await templateRenderingService.validateLead("nobody")).toBe(false)
  })

  test("a lead whose address cannot be mailed is not valid; a source that fails is a warning", async () => {
    const { warnings } = await configure(storage, {
      leads: {
        get: async (id) => {
          if (id === "away") throw new Error("database is away")
          return { id, email: "two@at@example.test" }
        },
        listUnassigned: async () => [],
        assign: async () => {},
      },
    })
    expect(await templateRenderingService.validateLead("bad")).toBe(false)
    expect(await templateRenderingService.validateLead("away")).toBe(false)
    expect(warnings.join()).toContain("database is away")
  })

  test("a source of templates that fails is a warning, one that has none of the name is not", async () => {
    const { warnings } = await configure(storage, {
      templates: {
        get: async (id) => {
          if (id === "away") throw new Error("database is away")
          return id === "broken" ? { id, subject: "x", html: "{{#if}}" } : undefined
        },
      },
    })
    for (const id of ["nowhere", "broken"]) expect(await templateRenderingService.validateTemplate(id)).toBe(false)
    expect(await templateRenderingService.getTemplateMetadata("nowhere")).toBeNull()
    expect(warnings).toEqual([])
    expect(await templateRenderingService.validateTemplate("away")).toBe(false)
    expect(await templateRenderingService.getTemplateMetadata("away")).toBeNull()
    expect(warnings).toEqual(["away", "away"].map((id) => `Reading the template ${id} failed: database is away`))
  })

  test("metadata tells name and subject, null for a missing template", async () => {
    await configure(storage)
    await compat.templates.put({ id: "letter", name: "A letter", subject: "For {{firstName}}", text: "x" })
    expect(await templateRenderingService.getTemplateMetadata("letter")).toEqual({
      name: "A letter",
      subject: "For {{firstName}}",
    })
    expect(await templateRenderingService.getTemplateMetadata("hello")).toEqual({
      name: "hello",
      subject: "Hello {{firstName}}",
    })
    expect(await templateRenderingService.getTemplateMetadata("nowhere")).toBeNull()
  })
})
