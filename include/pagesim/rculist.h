/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Lists that readers walk under RCU while somebody changes them.
 *
 * Models: include/linux/rculist.h at v6.12, with CONFIG_PROVE_RCU_LIST: a
 * walk outside of any kind of read section is reported by lockdep, unless its
 * condition says why it is right.
 *
 * Context of what changes a list: whoever else does is kept out. An entry
 * that was taken off may be freed, or put into another list, after a grace
 * period.
 */
#ifndef PAGESIM_RCULIST_H
#define PAGESIM_RCULIST_H

#include <pagesim/list.h>
#include <pagesim/rcupdate.h>

/* ---- changes. Ordering: release; who finds the entry sees it complete ---- */

static inline void __list_add_rcu(struct list_head *entry,
				  struct list_head *prev,
				  struct list_head *next)
{
	WRITE_ONCE(entry->next, next);
	WRITE_ONCE(entry->prev, prev);
	rcu_assign_pointer(prev->next, entry);
	WRITE_ONCE(next->prev, entry);
}

static inline void list_add_rcu(struct list_head *entry, struct list_head *head)
{
	__list_add_rcu(entry, head, head->next);
}

static inline void list_add_tail_rcu(struct list_head *entry,
				     struct list_head *head)
{
	__list_add_rcu(entry, head->prev, head);
}

/* A reader that is at the entry goes on from there: next stays. */
static inline void list_del_rcu(struct list_head *entry)
{
	__list_del_entry(entry);
	WRITE_ONCE(entry->prev, LIST_POISON2);
}

static inline void list_replace_rcu(struct list_head *old,
				    struct list_head *entry)
{
	WRITE_ONCE(entry->next, old->next);
	WRITE_ONCE(entry->prev, old->prev);
	rcu_assign_pointer(entry->prev->next, entry);
	WRITE_ONCE(entry->next->prev, entry);
	WRITE_ONCE(old->prev, LIST_POISON2);
}

static inline void hlist_add_head_rcu(struct hlist_node *node,
				      struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	WRITE_ONCE(node->next, first);
	WRITE_ONCE(node->pprev, &head->first);
	rcu_assign_pointer(head->first, node);
	if (first)
		WRITE_ONCE(first->pprev, &node->next);
}

static inline void hlist_del_rcu(struct hlist_node *node)
{
	__hlist_del(node);
	WRITE_ONCE(node->pprev, (struct hlist_node **)LIST_POISON2);
}

/* ---- walks. Context: a read section, or what the condition says ---- */

#define __list_check_rcu(cond)                                 \
	RCU_LOCKDEP_WARN(!(cond) && !rcu_read_lock_any_held(), \
			 "RCU-list traversed in non-reader section!")

#define list_entry_rcu(ptr, type, member) \
	container_of(rcu_dereference_raw(ptr), type, member)

#define list_first_or_null_rcu(head, type, member)                             \
	__extension__({                                                        \
		struct list_head *__head = (head);                             \
		struct list_head *__first = rcu_dereference_raw(__head->next); \
                                                                               \
		__first == __head ? NULL : list_entry(__first, type, member);  \
	})

/* An optional last argument is the condition: that the lock is held, say. */
#define list_for_each_entry_rcu(pos, head, member, ...)                      \
	for (__extension__({ __list_check_rcu(__VA_ARGS__ + 0); }),          \
	     pos = list_entry_rcu((head)->next, __typeof__(*(pos)), member); \
	     !list_entry_is_head(pos, head, member);                         \
	     pos = list_entry_rcu((pos)->member.next, __typeof__(*(pos)),    \
				  member))

#define hlist_for_each_entry_rcu(pos, head, member, ...)                     \
	for (__extension__({ __list_check_rcu(__VA_ARGS__ + 0); }),          \
	     pos = hlist_entry_safe(rcu_dereference_raw((head)->first),      \
				    __typeof__(*(pos)), member);             \
	     pos;                                                            \
	     pos = hlist_entry_safe(rcu_dereference_raw((pos)->member.next), \
				    __typeof__(*(pos)), member))

#endif /* PAGESIM_RCULIST_H */
