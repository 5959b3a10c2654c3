/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Doubly linked lists, and hash chains with one pointer at their head.
 *
 * Models: include/linux/list.h, include/linux/poison.h at v6.12, without
 * what nothing in mm/ uses (cutting, rotating, swapping).
 *
 * Our own and not a library's, since the accesses are part of the model:
 * list_empty() is a marked load that kernel code calls without the lock,
 * and list_del() leaves poison whose bit 0 is clear, so that a page taken
 * off a list is not taken for a tail (struct page overlays the two words).
 * All stores are marked, more than the kernel's, because of that overlay:
 * a pfn walker may look at the word at any time.
 *
 * Context of all that changes a list: whoever else does is kept out. For
 * readers under RCU see rculist.h.
 */
#ifndef PAGESIM_LIST_H
#define PAGESIM_LIST_H

#include <pagesim/atomic.h>
#include <pagesim/compiler.h>
#include <pagesim/types.h>

#define POISON_POINTER_DELTA 0xdead000000000000UL
#define LIST_POISON1 ((struct list_head *)(0x100UL + POISON_POINTER_DELTA))
#define LIST_POISON2 ((struct list_head *)(0x122UL + POISON_POINTER_DELTA))

#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	WRITE_ONCE(list->prev, list);
}

/* ---- questions ---- */

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

/*
 * For who looks without the lock at an entry that list_del_init_careful()
 * takes off. Ordering: acquire; what was done before that is seen.
 */
static inline bool list_empty_careful(const struct list_head *head)
{
	const struct list_head *next = smp_load_acquire(&head->next);

	return next == head && next == READ_ONCE(head->prev);
}

static inline bool list_is_head(const struct list_head *list,
				const struct list_head *head)
{
	return list == head;
}

static inline bool list_is_first(const struct list_head *list,
				 const struct list_head *head)
{
	return list->prev == head;
}

static inline bool list_is_last(const struct list_head *list,
				const struct list_head *head)
{
	return list->next == head;
}

/* One entry, no more and no less. */
static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

/* ---- in ---- */

static inline void __list_add(struct list_head *entry, struct list_head *prev,
			      struct list_head *next)
{
	WRITE_ONCE(next->prev, entry);
	WRITE_ONCE(entry->next, next);
	WRITE_ONCE(entry->prev, prev);
	WRITE_ONCE(prev->next, entry);
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	__list_add(entry, head, head->next);
}

static inline void list_add_tail(struct list_head *entry,
				 struct list_head *head)
{
	__list_add(entry, head->prev, head);
}

/* ---- out ---- */

static inline void __list_del(struct list_head *prev, struct list_head *next)
{
	WRITE_ONCE(next->prev, prev);
	WRITE_ONCE(prev->next, next);
}

static inline void __list_del_entry(struct list_head *entry)
{
	__list_del(entry->prev, entry->next);
}

static inline void list_del(struct list_head *entry)
{
	__list_del_entry(entry);
	WRITE_ONCE(entry->next, LIST_POISON1);
	WRITE_ONCE(entry->prev, LIST_POISON2);
}

static inline void list_del_init(struct list_head *entry)
{
	__list_del_entry(entry);
	INIT_LIST_HEAD(entry);
}

/* Ordering: release; see list_empty_careful(). */
static inline void list_del_init_careful(struct list_head *entry)
{
	__list_del_entry(entry);
	WRITE_ONCE(entry->prev, entry);
	smp_store_release(&entry->next, entry);
}

/* ---- from one place to another ---- */

/* entry is where old was. What old says of its neighbours stays as it was. */
static inline void list_replace(struct list_head *old, struct list_head *entry)
{
	WRITE_ONCE(entry->next, old->next);
	WRITE_ONCE(entry->next->prev, entry);
	WRITE_ONCE(entry->prev, old->prev);
	WRITE_ONCE(entry->prev->next, entry);
}

static inline void list_replace_init(struct list_head *old,
				     struct list_head *entry)
{
	list_replace(old, entry);
	INIT_LIST_HEAD(old);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	__list_del_entry(entry);
	list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry,
				  struct list_head *head)
{
	__list_del_entry(entry);
	list_add_tail(entry, head);
}

/* From first to last, which are entries of one list. */
static inline void list_bulk_move_tail(struct list_head *head,
				       struct list_head *first,
				       struct list_head *last)
{
	__list_del(first->prev, last->next);
	WRITE_ONCE(head->prev->next, first);
	WRITE_ONCE(first->prev, head->prev);
	WRITE_ONCE(last->next, head);
	WRITE_ONCE(head->prev, last);
}

/* list is not empty. */
static inline void __list_splice(const struct list_head *list,
				 struct list_head *prev, struct list_head *next)
{
	struct list_head *first = list->next, *last = list->prev;

	WRITE_ONCE(first->prev, prev);
	WRITE_ONCE(prev->next, first);
	WRITE_ONCE(last->next, next);
	WRITE_ONCE(next->prev, last);
}

/* All entries of list, which is not told but in the forms with _init. */
static inline void list_splice(const struct list_head *list,
			       struct list_head *head)
{
	if (!list_empty(list))
		__list_splice(list, head, head->next);
}

static inline void list_splice_tail(const struct list_head *list,
				    struct list_head *head)
{
	if (!list_empty(list))
		__list_splice(list, head->prev, head);
}

static inline void list_splice_init(struct list_head *list,
				    struct list_head *head)
{
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}

static inline void list_splice_tail_init(struct list_head *list,
					 struct list_head *head)
{
	list_splice_tail(list, head);
	INIT_LIST_HEAD(list);
}

/* ---- entries ---- */

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) \
	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member)                          \
	__extension__({                                                       \
		struct list_head *__head = (head);                            \
		struct list_head *__first = READ_ONCE(__head->next);          \
                                                                              \
		__first == __head ? NULL : list_entry(__first, type, member); \
	})
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) \
	list_entry((pos)->member.prev, __typeof__(*(pos)), member)

/*
 * True when the cursor of list_for_each_entry() has come round to the head.
 * Found by arithmetic: the head lies in no entry, so there is no member.
 */
#define list_entry_is_head(pos, head, member) \
	((struct list_head *)((char *)(pos) + \
			      offsetof(__typeof__(*(pos)), member)) == (head))

/* ---- walks. In the safe ones the entry may go that one is at ---- */

#define list_for_each(pos, head) \
	for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_prev(pos, head) \
	for (pos = (head)->prev; pos != (head); pos = pos->prev)
#define list_for_each_safe(pos, n, head)                       \
	for (pos = (head)->next, n = pos->next; pos != (head); \
	     pos = n, n = pos->next)

#define list_for_each_entry(pos, head, member)                       \
	for (pos = list_first_entry(head, __typeof__(*pos), member); \
	     !list_entry_is_head(pos, head, member);                 \
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)              \
	for (pos = list_last_entry(head, __typeof__(*pos), member); \
	     !list_entry_is_head(pos, head, member);                \
	     pos = list_prev_entry(pos, member))

/* After pos, and at pos. */
#define list_for_each_entry_continue(pos, head, member) \
	for (pos = list_next_entry(pos, member);        \
	     !list_entry_is_head(pos, head, member);    \
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_from(pos, head, member)    \
	for (; !list_entry_is_head(pos, head, member); \
	     pos = list_next_entry(pos, member))

#define list_for_each_entry_safe(pos, n, head, member)               \
	for (pos = list_first_entry(head, __typeof__(*pos), member), \
	    n = list_next_entry(pos, member);                        \
	     !list_entry_is_head(pos, head, member);                 \
	     pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_reverse(pos, n, head, member)      \
	for (pos = list_last_entry(head, __typeof__(*pos), member), \
	    n = list_prev_entry(pos, member);                       \
	     !list_entry_is_head(pos, head, member);                \
	     pos = n, n = list_prev_entry(n, member))

static inline size_t list_count_nodes(struct list_head *head)
{
	struct list_head *pos;
	size_t nr = 0;

	list_for_each(pos, head)
		nr++;
	return nr;
}

/* ---- hash chains ---- */

#define HLIST_HEAD_INIT       \
	{                     \
		.first = NULL \
	}
#define HLIST_HEAD(name) struct hlist_head name = HLIST_HEAD_INIT

static inline void INIT_HLIST_HEAD(struct hlist_head *head)
{
	WRITE_ONCE(head->first, (struct hlist_node *)NULL);
}

static inline void INIT_HLIST_NODE(struct hlist_node *node)
{
	WRITE_ONCE(node->next, (struct hlist_node *)NULL);
	WRITE_ONCE(node->pprev, (struct hlist_node **)NULL);
}

static inline bool hlist_unhashed(const struct hlist_node *node)
{
	return !READ_ONCE(node->pprev);
}

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline void hlist_add_head(struct hlist_node *node,
				  struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	WRITE_ONCE(node->next, first);
	if (first)
		WRITE_ONCE(first->pprev, &node->next);
	WRITE_ONCE(head->first, node);
	WRITE_ONCE(node->pprev, &head->first);
}

static inline void __hlist_del(struct hlist_node *node)
{
	struct hlist_node *next = node->next;

	WRITE_ONCE(*node->pprev, next);
	if (next)
		WRITE_ONCE(next->pprev, node->pprev);
}

static inline void hlist_del(struct hlist_node *node)
{
	__hlist_del(node);
	WRITE_ONCE(node->next, (struct hlist_node *)LIST_POISON1);
	WRITE_ONCE(node->pprev, (struct hlist_node **)LIST_POISON2);
}

/* Nothing if it is in none. */
static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	__hlist_del(node);
	INIT_HLIST_NODE(node);
}

#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define hlist_entry_safe(ptr, type, member)                        \
	__extension__({                                            \
		__typeof__(ptr) __node = (ptr);                    \
                                                                   \
		__node ? hlist_entry(__node, type, member) : NULL; \
	})

#define hlist_for_each_entry(pos, head, member)                        \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), \
				    member);                           \
	     pos; pos = hlist_entry_safe((pos)->member.next,           \
					 __typeof__(*(pos)), member))
#define hlist_for_each_entry_safe(pos, n, head, member)                \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), \
				    member);                           \
	     pos && (n = pos->member.next, 1);                         \
	     pos = hlist_entry_safe(n, __typeof__(*(pos)), member))

#endif /* PAGESIM_LIST_H */
