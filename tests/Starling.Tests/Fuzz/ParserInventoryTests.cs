using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Starling.Core.Bencode;
using Starling.Fuzz.Targets;
using Starling.Runtime.Storage;

namespace Starling.Tests.Fuzz;

/// <summary>Whatever reads bytes or text from outside has a target, or a reason to have none: a new codec fails here until it has one.</summary>
public sealed class ParserInventoryTests
{
    private static readonly string[] Verbs = ["TryDecode", "TryRead", "TryParse", "TryImport", "TryTake", "TryAgree", "Decode", "Read", "Parse", "Receive", "Append", "Location", "Classify", "Check", "MayBe"];

    private static readonly Type[] Inputs =
        [typeof(ReadOnlySpan<byte>), typeof(ReadOnlyMemory<byte>), typeof(byte[]), typeof(string), typeof(ReadOnlySpan<char>), typeof(BDictionary), typeof(BValue)];

    /// <summary>Types with a method of such a name that read nothing that a stranger wrote.</summary>
    private static readonly Dictionary<string, string> Exempt = new()
    {
        ["FileHasher"] = "hashes content, whatever it is",
        ["PieceHasher"] = "hashes content, whatever it is",
        ["PieceCheck"] = "hashes content, whatever it is",
        ["ByteRing"] = "keeps bytes in their order",
        ["PieceStream"] = "hands on what a run prints",
        ["StderrTail"] = "keeps the end of what a run prints",
        ["PngChunks"] = "writes",
        ["ConnectionStream"] = "hands on bytes",
        ["GatheredStream"] = "hands on bytes",
        ["MseStream"] = "hands on bytes to the machines of the handshake, which have targets",
        ["DataSendQueue"] = "sends",
        ["NodeFile"] = "reads a file for SavedTable, which has a target",
        ["TaskCredit"] = "opens a journal for its reader, which has a target",
        ["AuthoredInput"] = "opens what its own user names, for readers that have targets",
        ["TorrentFileReading"] = "opens a file for TorrentFile, which has a target",
        ["KeepRule"] = "reads a word of its own user's command line",
        ["FolderLock"] = "takes a lock",
        ["OwnerConfig"] = "opens a file for OwnerRulesReader, which has a target",
        ["LoadSensor"] = "reads what the kernel writes",
        ["PowerSensor"] = "reads what the kernel writes",
        ["ProcessTable"] = "reads what the kernel writes",
        ["TaskRegistry"] = "reads what this program wrote in its owner's folder, as JSON",
        ["TemperatureSensor"] = "reads what the kernel writes",
        ["ReadOnlyStream"] = "hands on bytes",
        ["TaskLoader"] = "opens files for the readers of tasks, which have targets",
    };

    [Fact]
    public void Every_parser_has_a_target()
    {
        HashSet<Type> covered = [.. AllTargets.Table.SelectMany(target => target.Covers)];
        string[] missing =
        [
            .. new[] { typeof(BReader).Assembly, typeof(JournalReader).Assembly }
                .SelectMany(assembly => assembly.GetTypes())
                .Where(type => IsParser(type) && !covered.Contains(type) && !Exempt.ContainsKey(type.Name))
                .Select(type => type.FullName!)
                .Order(StringComparer.Ordinal),
        ];
        Assert.True(missing.Length == 0, string.Join("\n", missing));
    }

    [Fact]
    public void Every_exemption_is_of_a_parser_that_has_no_target()
    {
        HashSet<string> covered = [.. AllTargets.Table.SelectMany(target => target.Covers).Select(type => type.Name)];
        string[] parsers = [.. new[] { typeof(BReader).Assembly, typeof(JournalReader).Assembly }.SelectMany(assembly => assembly.GetTypes()).Where(IsParser).Select(type => type.Name)];
        Assert.All(Exempt.Keys, name => Assert.True(parsers.Contains(name) && !covered.Contains(name), name));
    }

    [Fact]
    public void Names_of_targets_are_different_and_short()
    {
        string[] names = [.. AllTargets.Table.Select(target => target.Name)];
        Assert.Equal(names.Distinct(), names);
        Assert.All(names, name => Assert.Matches("^[a-z0-9_-]{3,20}$", name));
    }

    /// <summary>Named like a codec, or with a method that is named like reading and takes bytes or text.</summary>
    private static bool IsParser(Type type) =>
        !type.IsEnum && !type.Name.Contains('<', StringComparison.Ordinal) && !type.IsInterface
        && (type.Name.EndsWith("Codec", StringComparison.Ordinal) || type
            .GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Any(method => (method.IsPublic || method.IsAssembly) && Verbs.Contains(method.Name)
                && method.GetParameters().Any(parameter => Inputs.Contains(parameter.ParameterType) || Inputs.Contains(parameter.ParameterType.GetElementType()!))));
}
