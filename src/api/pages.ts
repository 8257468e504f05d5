/** What is read page by page, as one iteration: memory does not grow with its length. */
export async function* pageByPage<Item>(
  read: (after: string | undefined) => Promise<ReadonlyArray<Item>>,
  { size, keyOf }: { readonly size: number; readonly keyOf: (item: Item) => string },
): AsyncGenerator<Item, void, void> {
  let last: Item | undefined
  while (true) {
    const page = await read(last === undefined ? undefined : keyOf(last))
    yield* page
    if (page.length < size) return
    last = page.at(-1)
  }
}
