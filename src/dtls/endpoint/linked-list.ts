/**
 * An item's place in a LinkedList; an item in several lists has one for each.
 * @devsWhenUsed
 */
export class ListNode<T> {
    previous: ListNode<T> | undefined = undefined
    next: ListNode<T> | undefined = undefined
    /** undefined while the item is in no list */
    list: LinkedList<T> | undefined = undefined

    constructor(public item: T) {}

    /** Moves the item to the end of its list, if it is in one. */
    toEnd(): void {
        // Without a next one it is at the end already.
        if (this.next !== undefined && this.list !== undefined) this.list.append(this)
    }

    /** Removes the item from its list, if it is in one. */
    remove(): void {
        const { previous, next, list } = this
        if (list === undefined) return
        if (previous === undefined) list.first = next
        else previous.next = next
        if (next === undefined) list.last = previous
        else next.previous = previous
        list.size--
        this.previous = undefined
        this.next = undefined
        this.list = undefined
    }
}

/**
 * A doubly linked list: appending, removing and finding the oldest take constant time.
 * @devsWhenUsed
 */
export class LinkedList<T> {
    /** the one appended longest ago */
    first: ListNode<T> | undefined = undefined
    last: ListNode<T> | undefined = undefined
    size = 0

    /** Appends the item, removing it from the list it was in. */
    append(node: ListNode<T>): void {
        if (this.last === node) return
        node.remove()
        node.list = this
        node.previous = this.last
        if (this.last === undefined) this.first = node
        else this.last.next = node
        this.last = node
        this.size++
    }

    /** The item appended longest ago. */
    oldest(): T | undefined {
        return this.first === undefined ? undefined : this.first.item
    }
}
