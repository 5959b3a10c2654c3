/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Doubly linked lists.
 *
 * Models: include/linux/list.h, include/linux/poison.h at v6.12.
 *
 * Our own and not a library's, since the accesses are part of the model:
 * list_empty() is a marked load that kernel code calls without the lock,
 * and list_del() leaves poison whose bit 0 is clear, so that a page taken
 * off a list is not taken for a tail (struct page overlays the two words).
 * All stores are marked, more than the kernel's, because of that overlay:
 * a pfn walker may look at the word at any time.
 */
#ifndef PAGESIM_LIST_H
#define PAGESIM_LIST_H

#include <pagesim/compiler.h>
#include <pagesim/types.h>

#define POISON_POINTER_DELTA 0xdead000000000000UL
#define LIST_POISON1 ((struct list_head *)(0x100UL + POISON_POINTER_DELTA))
#define LIST_POISON2 ((struct list_head *)(0x122UL + POISON_POINTER_DELTA))

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	WRITE_ONCE(list->prev, list);
}

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

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

static inline void list_del(struct list_head *entry)
{
	WRITE_ONCE(entry->next->prev, entry->prev);
	WRITE_ONCE(entry->prev->next, entry->next);
	WRITE_ONCE(entry->next, LIST_POISON1);
	WRITE_ONCE(entry->prev, LIST_POISON2);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)

/*
 * True when the cursor of list_for_each_entry() has come round to the head.
 * Found by arithmetic: the head lies in no entry, so there is no member.
 */
#define list_entry_is_head(pos, head, member) \
	((struct list_head *)((char *)(pos) + \
			      offsetof(__typeof__(*(pos)), member)) == (head))

#define list_for_each_entry(pos, head, member)                       \
	for (pos = list_first_entry(head, __typeof__(*pos), member); \
	     !list_entry_is_head(pos, head, member);                 \
	     pos = list_first_entry(&pos->member, __typeof__(*pos), member))

#endif /* PAGESIM_LIST_H */
