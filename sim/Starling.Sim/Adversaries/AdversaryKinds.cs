using System;
using System.Collections.Generic;
using Starling.Sim.Swarms;

namespace Starling.Sim.Adversaries;

/// <summary>The kinds of adversaries by name. All of them hold valid keys and, in a member swarm, the secret.</summary>
internal static class AdversaryKinds
{
    /// <summary>Opens connections and sends half a handshake: no node at all, so it can't be combined.</summary>
    public const string HalfHandshakes = "half-handshakes";

    private static readonly SortedDictionary<string, Func<SimOptions, Behaviour>> _kinds = new(StringComparer.Ordinal)
    {
        ["ask"] = _ => new AsksAlways(),
        ["collude"] = options => new WrongResults(options.LieRate, options.LieAfter, collude: true),
        ["copy"] = _ => new Copies(),
        ["corrupt"] = _ => new CorruptsBlocks(),
        ["eclipse"] = _ => new Eclipses(),
        ["equivocate"] = _ => new Equivocates(),
        ["false-have"] = _ => new FalseHaves(),
        ["flood"] = _ => new Floods(),
        ["garbage"] = _ => new Garbage(),
        ["hoard"] = _ => new HoardsClaims(),
        ["lie"] = options => new WrongResults(options.LieRate, options.LieAfter, collude: false),
        ["name"] = _ => new ChangesItsName(),
        ["phantom"] = _ => new PhantomResults(),
        ["replay"] = _ => new Replays(),
        ["seal-only"] = _ => new SealsOnly(),
        ["silent"] = _ => new IsSilentToHalf(),
        ["slow"] = _ => new ServesSlowly(),
        ["sybil"] = options => new Sybils(options.Identities, options.SybilCopies),
        ["withhold"] = _ => new Withholds(),
    };

    /// <summary>Kinds after which somebody may come to believe what no honest run gave.</summary>
    private static readonly HashSet<string> _liars = ["collude", "equivocate", "lie", "sybil"];

    /// <summary>What scenario <c>hostile</c> takes in turn: members that break rules, and come back under other names when they are banned.</summary>
    public static IReadOnlyList<AdversaryGroup> Rude { get; } =
    [
        new(["hoard", "name"], 1), new(["phantom", "name"], 1), new(["corrupt", "name"], 1), new(["garbage", "name"], 1),
        new([HalfHandshakes], 1), new(["ask", "name"], 1),
    ];

    /// <summary>All names, for the usage text.</summary>
    public static IEnumerable<string> Names => [.. _kinds.Keys, HalfHandshakes];

    public static bool Exists(string name) => name == HalfHandshakes || _kinds.ContainsKey(name);

    public static bool Lies(AdversaryGroup group)
    {
        foreach (string kind in group.Kinds)
        {
            if (_liars.Contains(kind))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A host that does all that the group says.</summary>
    public static SimHost Create(SimWorld world, int number, AdversaryGroup group, ulong seed)
    {
        if (group.Kinds is [HalfHandshakes])
        {
            return new RawPeer(world, number, seed);
        }

        var behaviours = new List<Behaviour>();
        foreach (string kind in group.Kinds)
        {
            behaviours.Add(_kinds[kind](world.Options));
        }

        return new AdversaryHost(world, number, behaviours, seed);
    }
}
