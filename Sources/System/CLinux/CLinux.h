#pragma once

// The C library's headers come first: the kernel's then leave out the structures both define.
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/if_tun.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netconf.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/udp.h>
#include <linux/veth.h>
#include <linux/virtio_net.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <sys/vfs.h>

/// Behind _GNU_SOURCE, which the Glibc module is not built with: setns(2), unshare(2), memfd_create(2), pipe2(2), gettid(2).
int setns(int fd, int nstype);
int unshare(int flags);
int memfd_create(const char *name, unsigned int flags);
int pipe2(int descriptors[2], int flags);
int gettid(void);

/// Likewise: struct mmsghdr, sendmmsg(2), recvmmsg(2).
struct datagram_header {
    struct msghdr header;
    unsigned int length;
};
int sendmmsg(int fd, struct datagram_header *messages, unsigned int count, int flags);
int recvmmsg(int fd, struct datagram_header *messages, unsigned int count, int flags, struct timespec *timeout);

/// Requests of ioctl(2), which are too much of an expression to be seen from Swift.
static const unsigned long tunnel_set_interface = TUNSETIFF;
static const unsigned long tunnel_set_offload = TUNSETOFFLOAD;
static const unsigned long tunnel_set_owner = TUNSETOWNER;
static const unsigned long tunnel_set_group = TUNSETGROUP;
static const unsigned long tunnel_set_persistent = TUNSETPERSIST;
