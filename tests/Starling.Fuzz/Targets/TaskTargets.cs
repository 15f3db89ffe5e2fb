using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Engine;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Fuzz.Engine;
using Starling.Runtime.Kernels;
using Starling.Runtime.Kernels.Searching;
using Starling.Runtime.Machine;
using Starling.Runtime.Owner;
using Starling.Runtime.Tasks;
using Starling.Runtime.Yaml;

namespace Starling.Fuzz.Targets;

internal static class TaskTargets
{
    private static readonly string[] InfoKeys =
    [
        "name", "run", "shell", "kernel", "wasm", "args", "container", "command", "files", "path", "pieces", "merge", "piece length", "inputs", "info hash", "length", "chunk", "input", "size", "each",
        "needs", "programs", "cores", "memory", "disk", "os", "arch", "limits", "wall", "cpu", "fuel", "processes", "network", "none", "verify", "own", "replicas", "until", "all", "first", "author", "linux",
        "..", "a/../b", "/etc", ".starling", "CON", "a\\b",
    ];

    private static readonly string[] FileKeys =
        [.. InfoKeys, "info", "announce", "announce-list", "nodes", "comment", "created by", "creation date", "signature", "secret", "udp://t.example:6969", "http://[::1]:80/announce", "h", "1.2.3.4"];

    private const string Rules =
        "slots: 3 # few\ncpu: 50%\nupload: 1kB/s\nhours: {mon-fri: \"18:00-08:00\", sat: all}\nidle:\n  input: 5m\nbattery: 60%\nexclusive: [a, b]\nturtle: {on: yes}\ntasks:\n  x: {weight: 20}\n";

    private const string Yaml =
        "# c\nname: x\nrun: {kernel: a, b: \"1 2\"}\nfiles:\n  - {path: a, pieces: 3}\nlimits: {wall: 1h, memory: 1GiB}\nverify: {replicas: 2}\n"
        + "trackers: [udp://t.example:1]\nneeds:\n  programs:\n  - ffmpeg\ncomment: |\n  two\n  lines\n";

    private const string Yaml2 =
        "name: holiday\ninputs: [holiday.mkv]\npieces: 30\nrun: ffmpeg -v error -ss $((PIECE_IDX*10)) -f mpegts -\nmerge: cat $PART_LIST > \"$FILE\"\npiece length: 2MiB\n"
        + "chunk: {input: a, size: 1KiB}\nuntil: first\nnodes: [\"h:1\"]\nneeds: {cores: 2, memory: 1GiB, disk: 5MB, os: linux, arch: x64}\n";

    private const string Rbw =
        "d8:announce24:http://t.example/announc7:command4:true16:complete command2:ok4:infod5:filesld6:lengthi5e4:pathl1:aeed6:lengthi4e4:pathl3:sub1:beee4:name1:t12:piece lengthi2eee";

    private const string CompTorrent = """
        <?xml version="1.0"?>
        <comptorrent>
        <tracker_url>t.example</tracker_url><tracker_port>80</tracker_port>
        <name>x</name><size>3</size><md5>d41d8cd98f00b204e9800998ecf8427e</md5><max_chunk_size>2</max_chunk_size>
        <algorithm><execution>java</execution><java_bytecode>yv66vg==</java_bytecode><classname>a.B</classname></algorithm>
        <orig_data>
        <file><name>a</name><size>2</size><md5>d41d8cd98f00b204e9800998ecf8427e</md5></file>
        <file><name>b/c</name><size>1</size><md5>D41D8CD98F00B204E9800998ECF8427E</md5></file>
        </orig_data>
        </comptorrent>
        """;

    private const string GenesisHeader =
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";

    private static readonly (string Name, string Parameters)[] Kernels =
    [
        ("sleep", "bytes=5;seconds=0.5"), ("mandelbrot", "centre=-0.5 0;height=480;iterations=100;scale=3;width=640"),
        ("sha256d-search", $"count=1000;header={GenesisHeader};start=0"),
        ("hash-search", "algorithm=sha256;at=start;count=100000;start=0;zero-bits=8"), ("saxpy", "a=2;n=1000"), ("rainbow-table", "algorithm=md5;charset=abc;chain-length=10;chains=100;length=3"),
    ];

    /// <summary>What the search for Bitcoin's block 0 prints.</summary>
    private const string Genesis = "2083236893 000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f\n";

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "task-file",
            Covers = [typeof(TaskFileCodec), typeof(TaskInfoCodec), typeof(TaskFields), typeof(TaskInfoValidator), typeof(TaskContacts), typeof(SafePath)],
            Shape = InputShape.Bencode,
            Words = FileKeys,
            MaxSize = 2048,
            Seeds = TaskFiles,
            Start = () => static input => TaskFileCodec.TryDecode(input, out TaskFile? task, out _) ? TaskFileCodec.Encode(task) : null,
            AllocationPerByte = 256,
        },
        new()
        {
            Name = "task-info",
            Covers = [typeof(TaskFileCodec), typeof(TaskInfoCodec), typeof(TaskInfoValidator), typeof(VerifySpecCodec), typeof(TorrentId), typeof(PublicKey)],
            Shape = InputShape.Bencode,
            Words = InfoKeys,
            Seeds = () => [Parts.Make(Parts.PlainTask).InfoBytes.ToArray(), Parts.Make(Parts.FullTask).InfoBytes.ToArray()],
            Start = () => ReadInfo,
            AllocationPerByte = 256,
        },
        new()
        {
            Name = "task-magnet",
            Covers = [typeof(MagnetLink), typeof(MagnetParameters), typeof(Hash256), typeof(TaskContacts)],
            Words = ["magnet:?", "&xt=urn:btmh:1220", "xt=urn:btih:", "&dn=", "&tr=", "&x.pe=", "&x.secret=", "udp%3A%2F%2Ft.example%3A6969", "[2001:db8::1]:1", "10.0.0.1:6881", "%", "%E9", "+", "&"],
            MaxSize = 2048,
            Seeds = () => [Parts.Latin(
                $"magnet:?xt=urn:btmh:1220{new string('5', 64)}&dn=h%C3%A9&tr=udp%3A%2F%2Ft.example%3A6969&x.pe=10.0.0.1:6881&x.pe=[2001:db8::1]:1&x.secret={new string('6', 64)}")],
            Start = () => static input => MagnetLink.TryParse(Parts.Text(input), out MagnetLink? link, out _) ? Parts.Utf8(link.ToUri()) : null,
            AllocationPerByte = 256,
        },
        new()
        {
            Name = "rbw",
            Covers = [typeof(RbwFile)],
            Shape = InputShape.Bencode,
            Encodes = false,
            Words = ["announce", "command", "complete command", "info", "files", "length", "path", "name", "piece length"],
            Seeds = () => [Parts.Latin(Rbw), Parts.Latin("d7:command4:true4:infod6:lengthi50e4:name1:t12:piece lengthi20eee")],
            Start = () => static input =>
            {
                if (RbwFile.TryImport(input, out TaskFile? task, out _))
                {
                    FuzzFailureException.Unless(TaskInfoValidator.Check(task.Info) is null, "the imported task is not allowed");
                    FuzzFailureException.Unless(TaskFileCodec.TryDecode(TaskFileCodec.Encode(task), out _, out _), "the imported task can't be read");
                }

                return null;
            },
            AllocationPerByte = 512,
        },
        new()
        {
            Name = "comptorrent",
            Covers = [typeof(CompTorrentReader)],
            Shape = InputShape.Lines,
            Encodes = false,
            Words =
            [
                "<comptorrent>", "</comptorrent>", "<tracker_url>", "<tracker_port>", "<name>", "</name>", "<size>", "<md5>", "<max_chunk_size>", "<algorithm>", "<execution>", "<java_bytecode>",
                "<classname>", "<orig_data>", "<file>", "</file>", "<file/>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "<![CDATA[", "]]>", "&amp;", "&#0;", "&#x10ffff;", "<?xml version='1.0' encoding='utf-16'?>", "xmlns:a='b'", "yv66vg==",
                "../", "d41d8cd98f00b204e9800998ecf8427e",
            ],
            MaxSize = 2048,
            Seeds = () => [Parts.Latin(CompTorrent), Parts.Latin(CompTorrent.ReplaceLineEndings(""))],
            Start = () => ReadCompTorrent,

            // A reader of XML begins with buffers of its own, and each start of an element makes its path.
            FixedAllocation = 256 * 1024,
            AllocationPerByte = 1024,
            QuickInputs = 2_000,
        },
        new()
        {
            Name = "yaml",
            Covers = [typeof(YamlTaskReader), typeof(YamlTree), typeof(YamlFields), typeof(YamlValues)],
            Shape = InputShape.Lines,
            Encodes = false,
            Words = ["name: ", "run: ", "pieces: ", "files:\n", "- {path: a, pieces: 1}\n", "limits: ", "{wall: 1h}", "verify: ", "needs:\n", "&a ", "*a", "!!int ", "? ", "|\n", ">-\n", "---\n", "...\n", "\t", "1.5GiB", "-1s", "[", "]", "{", "}", ": ", "'", "\""],
            MaxSize = 1024,
            Seeds = () => [Parts.Latin(Yaml), Parts.Latin(Yaml2)],
            Start = () => ReadYaml,

            // YamlDotNet scans with objects of its own: marks, tokens, events.
            FixedAllocation = 64 * 1024,
            AllocationPerByte = 1024,
            QuickInputs = 2_000,
        },
        new()
        {
            Name = "owner-rules",
            Covers = [typeof(OwnerRulesReader), typeof(WeekHours)],
            Shape = InputShape.Lines,
            Encodes = false,
            Words = ["slots: ", "cpu: ", "hours: ", "{mon-fri: \"18:00-08:00\", sat: all}", "idle: ", "{input: 5m, load: 25%}", "battery: ", "temperature: ", "exclusive: ", "halt: stop\n", "grace: ", "nice: yes\n", "own-tasks: free\n", "container-engine: /s\n", "turtle: ", "tasks:\n", "  a: {weight: 2, priority: low, slots: 1, run: no}\n", "none", "500kB/s", "24:00", "00:00-00:01", "-", ",", ":", "########################", "[", "]", "&a ", "*a", "!!int "],
            MaxSize = 1024,
            Seeds = () => [Parts.Latin(Rules)],
            Start = () => ReadRules,

            // YamlDotNet scans with objects of its own; a set of hours has a place for each minute.
            FixedAllocation = 256 * 1024,
            AllocationPerByte = 1024,
            QuickInputs = 2_000,
        },
        new()
        {
            Name = "kernel",
            Covers = [typeof(KernelRegistry), typeof(KernelParameters)],
            Encodes = false,
            Words = ["sleep", "mandelbrot", "sha256d-search", "hash-search", "saxpy", "rainbow-table", "start=", "count=", "seconds=", "bytes=", "width=", "height=", "algorithm=", "zero-bits=", "a=", "header=", "charset=", "chain-length=", ";", "1e308", "-0", "NaN", "18446744073709551615", "md5", "sha512", "end"],
            MaxSize = 512,
            Seeds = () => Kernels.Select(kernel => Parts.Latin(kernel.Name + ";" + kernel.Parameters)),
            Start = () => MakeKernel,
            FixedAllocation = 64 * 1024,
        },
        new()
        {
            Name = "hit",
            Covers = [typeof(HitLine), typeof(HashSearchKernel), typeof(Sha256dSearchKernel)],
            Encodes = false,
            MaxSize = 256,
            Words = ["0 ", "1 ", " ", "\n", "18446744073709551615", "+", "0x", Genesis],
            Seeds = () => [Parts.Latin(Genesis), Parts.Latin("1 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b\n"), []],
            Start = HitPass,
        },
        new()
        {
            Name = "program-need",
            Covers = [typeof(ProgramNeed), typeof(NeedsCheck)],
            Encodes = false,
            Words = [">=", "<=", "==", "<", ">", "=", "ffmpeg", "5.1.6", "n7.0", "99999999999", "."],
            MaxSize = 256,
            Seeds = () => [Parts.Latin("ffmpeg >= 5.1"), Parts.Latin("ffmpeg version n7.0.2-3 Copyright (c) 2000-2024"), Parts.Latin("sh")],
            Start = () => static input =>
            {
                string text = Parts.Text(input);
                Version? found = ProgramNeed.FindVersion(text);
                if (ProgramNeed.TryParse(text, out ProgramNeed? need) && found is not null)
                {
                    need.IsMetBy(found);
                }

                return null;
            },
        },
    ];

    private static IEnumerable<byte[]> TaskFiles()
    {
        TaskFile full = Parts.Make(Parts.FullTask);
        yield return TaskFileCodec.Encode(Parts.Make(Parts.PlainTask));
        yield return TaskFileCodec.Encode(full with
        {
            Trackers = [["udp://t.example:6969", "http://t.example/a"], ["https://t.example/b"]],
            Nodes = ["h:1", "[2001:db8::1]:2"],
            Comment = "c",
            CreationDate = 5,
            Secret = Parts.Filled(32),
            Signature = Parts.Filled(64),
        });
    }

    /// <summary>An info that is understood can be made again from what was understood, but for keys that are not known.</summary>
    private static byte[]? ReadInfo(ReadOnlyMemory<byte> input)
    {
        if (!TaskFileCodec.TryDecodeInfo(input, out TaskFile? task, out _))
        {
            return null;
        }

        FuzzFailureException.Unless(TaskFileCodec.TryMake(task.Info, out TaskFile? made, out Problem? problem), $"what was read can't be made: {problem}");
        return made!.InfoBytes.ToArray();
    }

    /// <summary>What is read is safe to lay out, and makes a command.</summary>
    private static byte[]? ReadCompTorrent(ReadOnlyMemory<byte> input)
    {
        if (CompTorrentReader.TryRead(input, out CompTorrentFile? file, out _))
        {
            FuzzFailureException.Unless(SafePath.IsSafeName(file.Name, out _) && file.Chunks.All(chunk => SafePath.IsSafe(chunk.Name, out _)), "a path is not safe");
            FuzzFailureException.Unless(file.Chunks.Count > 0 && file.Chunks.DistinctBy(chunk => chunk.Name).Count() == file.Chunks.Count, "chunks are missing or there twice");
            FuzzFailureException.Unless(CompTorrentTask.CommandOf(file).Length > 0, "there is no command");
        }

        return null;
    }

    private static byte[]? ReadYaml(ReadOnlyMemory<byte> input)
    {
        if (YamlTaskReader.TryRead(Parts.Text(input), "t.yaml", "/", out TaskDraft? draft, out Func<Problem, Problem>? locate, out Problem? problem))
        {
            FuzzFailureException.Unless(draft is not null && locate is not null, "nothing was read");
        }
        else
        {
            FuzzFailureException.Unless(problem!.Reason.StartsWith("t.yaml", StringComparison.Ordinal), $"the problem names no place: {problem.Reason}");
        }

        return null;
    }

    /// <summary>What is read can be shown, and a change of one key says that and nothing else.</summary>
    private static byte[]? ReadRules(ReadOnlyMemory<byte> input)
    {
        string text = Parts.Text(input);
        if (!OwnerRulesReader.TryRead(text, "c.yaml", out OwnerRules? rules, out _, out Problem? problem))
        {
            FuzzFailureException.Unless(problem.Reason.StartsWith("c.yaml", StringComparison.Ordinal) && problem.Hint.Length > 0, $"the problem names no place or fix: {problem}");
            return null;
        }

        FuzzFailureException.Unless(OwnerRulesText.Settings(rules).All(setting => setting.Value.Length > 0), "a setting has no value");
        if (OwnerConfigEdit.TrySet(text, "c.yaml", "cpu", "7%", out string? changed, out _))
        {
            bool same = OwnerRulesReader.TryRead(changed, "c.yaml", out OwnerRules? after, out _, out _)
                && OwnerRulesText.Settings(after).SequenceEqual(OwnerRulesText.Settings(rules with { CpuPercent = 7 }));
            FuzzFailureException.Unless(same, "the change says something else");
        }

        return null;
    }

    /// <summary>What a peer says to be a hit is one or is not, for both kernels that search.</summary>
    private static Pass HitPass()
    {
        var hash = new RunSpec.Kernel("hash-search", [new("algorithm", "sha256"), new("start", "0"), new("count", "80"), new("zero-bits", "1")]);
        var header = new RunSpec.Kernel("sha256d-search", [new("header", GenesisHeader)]);
        IHitCheck[] checks = [.. new[] { hash, header }.Select(spec =>
            KernelRegistry.TryCreate(spec, Parts.PlainTask with { Run = spec }, out IKernel? kernel, out Problem? problem) ? (IHitCheck)kernel : throw new InvalidOperationException(problem.ToString()))];
        return input =>
        {
            for (int piece = 0; piece < Parts.PlainTask.Files[0].Pieces; piece++)
            {
                foreach (IHitCheck check in checks)
                {
                    check.IsHit(piece, input.Span);
                }
            }

            return null;
        };
    }

    /// <summary>The name and pairs <c>key=value</c>, with semicolons between.</summary>
    private static byte[]? MakeKernel(ReadOnlyMemory<byte> input)
    {
        string[] parts = Encoding.Latin1.GetString(input.Span).Split(';', 17);
        var parameters = new List<KernelParameter>();
        foreach (string part in parts.AsSpan(1))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            parameters.Add(equals < 0 ? new KernelParameter(part, "") : new KernelParameter(part[..equals], part[(equals + 1)..]));
        }

        var spec = new RunSpec.Kernel(parts[0], parameters);
        bool made = KernelRegistry.TryCreate(spec, Parts.PlainTask with { Run = spec }, out IKernel? kernel, out Problem? problem);
        FuzzFailureException.Unless(made == (kernel is not null) && made == (problem is null), "a kernel or a problem, one of both");
        return null;
    }
}
