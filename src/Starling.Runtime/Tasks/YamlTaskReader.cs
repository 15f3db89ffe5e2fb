using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Linq;
using System.Text;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Yaml;

namespace Starling.Runtime.Tasks;

/// <summary>Reads a task as authors write it (DESIGN section 3, docs/task-file.md). Every problem names file, line, key and fix.</summary>
public sealed class YamlTaskReader
{
    private readonly YamlFields _fields;

    private YamlTaskReader(YamlFields fields) => _fields = fields;

    /// <summary>Reads <paramref name="text"/>.</summary>
    /// <param name="text">The YAML, at most 1 Mi characters.</param>
    /// <param name="file">What messages call the file.</param>
    /// <param name="folder">Absolute path of the folder that input paths start from.</param>
    /// <param name="draft">What the author wrote.</param>
    /// <param name="locate">Puts file and line before a problem that is found in the draft later.</param>
    /// <param name="problem">Code <c>task-file</c>.</param>
    public static bool TryRead(
        string text,
        string file,
        string folder,
        [NotNullWhen(true)] out TaskDraft? draft,
        [NotNullWhen(true)] out Func<Problem, Problem>? locate,
        [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        draft = null;
        locate = null;
        if (!YamlTree.TryRead(text, out YamlNode? root, out int line, out string fault))
        {
            problem = YamlFields.At(TaskInfoValidator.ProblemCode, file, line, fault.TrimEnd('.'), "Task files are YAML: see docs/task-file.md.");
            return false;
        }

        if (root is not YamlMap map)
        {
            problem = YamlFields.At(TaskInfoValidator.ProblemCode, file, root.Line, $"{root.Kind} where keys such as name, pieces and run are due", "See docs/task-file.md.");
            return false;
        }

        var fields = new YamlFields(map, file, TaskInfoValidator.ProblemCode);
        TaskDraft read = new YamlTaskReader(fields).ReadAll() with { Folder = folder };
        fields.Finish();
        problem = fields.Problem;
        if (problem is not null)
        {
            return false;
        }

        draft = read;
        locate = fields.Locate;
        return true;
    }

    private TaskDraft ReadAll()
    {
        var defaults = new RunLimits();
        string name = Required("name", "holiday");
        return new TaskDraft
        {
            Name = name,
            Run = ReadRun(),
            Pieces = _fields.Whole("pieces", "64"),
            Chunks = ReadChunks(),
            Files = ReadFiles(),
            Merge = _fields.Text("merge", "cat $PART_LIST > \"$FILE\""),
            PieceLength = ReadPieceLength(),
            InputPaths = _fields.Texts("inputs", "[data.bin]"),
            Needs = _fields.Map("needs", "{programs: [ffmpeg]}") is { } needs ? ReadNeeds(needs) : new NeedsSpec(),
            Limits = _fields.Map("limits", "{wall: 10m}") is { } limits ? ReadLimits(limits, defaults) : defaults,
            Members = ReadMembers(),
            Verify = ReadVerify(),
            Until = ReadUntil(),
            Trackers = ReadTrackers(),
            Nodes = _fields.Texts("nodes", "[router.example:6881]"),
            Comment = _fields.Text("comment", "What it is for"),
        };
    }

    private string Required(string key, string example)
    {
        if (_fields.Find(key) is null)
        {
            _fields.RefuseMissing(key, $"Add {key}: {example}.");
        }

        return _fields.Text(key, example) ?? "";
    }

    private RunSpec ReadRun()
    {
        var nothing = new RunSpec.Shell("");
        if (_fields.Find("run") is not { } node)
        {
            _fields.RefuseMissing("run", "Add run: with the command that computes a piece.");
            return nothing;
        }

        if (node is not YamlMap)
        {
            return _fields.TextOf(node, "run", "echo $PIECE_IDX") is { } command ? new RunSpec.Shell(command) : nothing;
        }

        YamlFields run = _fields.MapOf(node, "run", "{kernel: mandelbrot}")!;
        string[] forms = [.. TaskInfoValidator.RunForms.Where(form => run.Find(form) is not null)];
        if (forms.Length != 1)
        {
            _fields.Refuse(
                "run",
                forms.Length == 0 ? "says none of shell, kernel, wasm, container" : $"says {string.Join(" and ", forms)}",
                "Give exactly one of them.");
            return nothing;
        }

        RunSpec read = forms[0] switch
        {
            "shell" => new RunSpec.Shell(run.Text("shell", "echo $PIECE_IDX") ?? ""),
            "wasm" => new RunSpec.Wasm(run.Text("wasm", "square.wasm") ?? "", run.Texts("args", "[--fast]")),
            "container" => ReadContainer(run),
            _ => new RunSpec.Kernel(run.Text("kernel", "mandelbrot") ?? "", ReadParameters(run)),
        };
        run.Finish();
        return read;
    }

    private static RunSpec.Container ReadContainer(YamlFields run)
    {
        ImageDigest? digest = null;
        if (run.Text("digest", "sha256:…") is { } text)
        {
            digest = ImageDigest.TryParse(text, out ImageDigest read) ? read : null;
            if (digest is null)
            {
                run.Refuse("digest", "is not sha256: and 64 lower-case hexadecimal digits", "Leave it out: it is read from the image.");
            }
        }

        return new RunSpec.Container(run.Text("container", "image.tar") ?? "", run.Text("command", "./compute $PIECE_IDX") ?? "", digest);
    }

    private static List<KernelParameter> ReadParameters(YamlFields run)
    {
        var parameters = new List<KernelParameter>();
        foreach (YamlEntry entry in run.Entries)
        {
            if (entry.Key != "kernel")
            {
                run.Find(entry.Key);
                parameters.Add(new KernelParameter(entry.Key, run.TextOf(entry.Value, SafePath.Quoted(entry.Key), "12 or a text") ?? ""));
            }
        }

        parameters.Sort(static (left, right) => Encoding.UTF8.GetBytes(left.Name).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right.Name)));
        return parameters;
    }

    private ChunkSpec? ReadChunks()
    {
        const string example = "{input: data.bin, size: 16MiB}";
        string? each = _fields.Text("each", "frames");
        YamlFields? chunk = _fields.Map("chunk", example);
        string[] given = [.. ((string[])["pieces", "each", "chunk"]).Where(key => _fields.Find(key) is not null)];
        bool hasFiles = _fields.Find("files") is not null;
        if (given.Length > 1 || (hasFiles && given is ["pieces"]))
        {
            _fields.Refuse(given[^1], $"stands beside {(given.Length > 1 ? given[0] : "files")}", "Keep the one that sets the number of pieces.");
        }

        if (given.Length == 0 && !hasFiles)
        {
            _fields.RefuseMissing("pieces", "Add pieces: 64, or chunk, each or files.");
        }

        if (chunk is null)
        {
            return each is null ? null : new ChunkSpec(each, 0);
        }

        string? input = chunk.Text("input", "data.bin");
        long? size = chunk.Size("size", "16MiB");
        if (input is null || size is null or 0)
        {
            _fields.Refuse("chunk", "needs input and size", $"Write it like chunk: {example}.");
        }

        chunk.Finish();
        return new ChunkSpec(input ?? "", size ?? 1);
    }

    private List<OutputFile> ReadFiles()
    {
        const string example = "[{path: a.png, pieces: 8}]";
        var files = new List<OutputFile>();
        YamlNode? node = _fields.Find("files");
        if (node is not null and not YamlList { Items.Count: > 0 })
        {
            _fields.Refuse("files", $"{node.Kind} where a list of files is due", $"Write it like files: {example}.");
        }

        IReadOnlyList<YamlNode> items = node is YamlList list ? list.Items : [];
        for (int i = 0; i < items.Count && _fields.Problem is null; i++)
        {
            string key = string.Create(CultureInfo.InvariantCulture, $"files[{i}]");
            if (_fields.MapOf(items[i], key, "{path: a.png, pieces: 8}") is { } file)
            {
                string? path = file.Text("path", "a.png");
                int? pieces = file.Whole("pieces", "8");
                if (path is null || pieces is null)
                {
                    _fields.Refuse(key, "needs path and pieces", $"Write it like files: {example}.");
                }

                file.Finish();
                files.Add(new OutputFile(path ?? "", pieces ?? 0));
            }
        }

        return files;
    }

    private int ReadPieceLength()
    {
        long length = _fields.Size("piece length", "16MiB") ?? TaskLimitsOfFormat.DefaultPieceLength;
        if (length > TaskLimitsOfFormat.MaxPieceLength)
        {
            _fields.Refuse("piece length", $"is above {TaskLimitsOfFormat.MaxPieceLength >> 20}MiB", "Let each piece do less.");
        }

        return (int)Math.Min(length, TaskLimitsOfFormat.MaxPieceLength);
    }

    private static NeedsSpec ReadNeeds(YamlFields needs)
    {
        var read = new NeedsSpec
        {
            Programs = needs.Texts("programs", "[ffmpeg >= 5]"),
            Cores = needs.Whole("cores", "2") ?? 1,
            MemoryBytes = needs.Size("memory", "1GiB"),
            DiskBytes = needs.Size("disk", "1GiB"),
            Os = needs.Text("os", "linux"),
            Arch = needs.Text("arch", "x64"),
        };
        needs.Finish();
        return read;
    }

    private static RunLimits ReadLimits(YamlFields limits, RunLimits defaults)
    {
        var read = new RunLimits
        {
            Wall = limits.Duration("wall", "10m") ?? defaults.Wall,
            Cpu = limits.Duration("cpu", "10m"),
            Fuel = limits.WholeInt64("fuel", "10000000000"),
            MemoryBytes = limits.Size("memory", "1GiB"),
            DiskBytes = limits.Size("disk", "1GiB"),
            Processes = limits.Whole("processes", "64"),
            Network = limits.Text("network", "none") ?? defaults.Network,
        };
        limits.Finish();
        return read;
    }

    private VerifySpec? ReadVerify()
    {
        const string hint = "Write verify: own, verify: arbiter, verify: {replicas: 2}, verify: {trust: 20} or verify: {checker: COMMAND}.";
        YamlNode? node = _fields.Find("verify");
        if (node is null)
        {
            return null;
        }

        if (node is not YamlMap map)
        {
            string word = _fields.TextOf(node, "verify", "own") ?? "";
            if (word is not ("own" or "arbiter"))
            {
                _fields.Refuse("verify", $"'{SafePath.Quoted(word)}' is not understood", hint);
            }

            return word == "arbiter" ? new VerifySpec.Arbiter() : new VerifySpec.Own();
        }

        foreach (YamlEntry entry in map.Entries)
        {
            if (entry.Key is not ("replicas" or "trust" or "checker" or "class" or "compare" or "sealed"))
            {
                _fields.Refuse("verify", $"'{SafePath.Quoted(entry.Key)}' is not understood", hint);
            }
        }

        YamlFields verify = _fields.MapOf(node, "verify", "{replicas: 2}")!;
        int? replicas = verify.Whole("replicas", "2");
        int? trust = verify.Whole("trust", "20");
        string? checker = verify.Text("checker", "'grep -q ^ok \"$RESULT\"'");
        string? compare = verify.Text("compare", "'cmp -s \"$RESULT\" \"$OTHER\"'");
        TimeSpan? time = verify.Duration("sealed", "5m");
        string? within = verify.Text("class", TaskInfoValidator.EnvironmentClass);
        if (within is not (null or TaskInfoValidator.EnvironmentClass))
        {
            _fields.Refuse("verify", $"class '{SafePath.Quoted(within)}' is not understood", "Write class: env.");
        }

        int modes = (replicas is null ? 0 : 1) + (trust is null ? 0 : 1) + (checker is null ? 0 : 1);
        if (modes != 1)
        {
            _fields.Refuse("verify", modes == 0 ? "names no mode" : "names two modes", hint);
        }

        VerifySpec mode = checker is not null ? new VerifySpec.Checker(checker)
            : trust is { } threshold ? new VerifySpec.Trust(threshold)
            : new VerifySpec.Replicas(replicas ?? 0);
        return mode with { Sealed = time, WithinClass = within is not null, Compare = compare };
    }

    private List<PublicKey> ReadMembers()
    {
        var members = new List<PublicKey>();
        foreach (string text in _fields.Texts("members", "[64 hexadecimal digits, …]"))
        {
            if (!PublicKey.TryParse(text, out PublicKey key))
            {
                _fields.Refuse("members", $"'{SafePath.Quoted(text)}' is not a key", "A key is 64 hexadecimal digits: 'starling trust mine' prints that of a machine.");
                break;
            }

            members.Add(key);
        }

        return members;
    }

    private Until ReadUntil()
    {
        string until = _fields.Text("until", "first") ?? "all";
        if (until is not ("all" or "first"))
        {
            _fields.Refuse("until", $"'{SafePath.Quoted(until)}' is not known", "Use all or first.");
        }

        return until == "first" ? Until.First : Until.All;
    }

    /// <summary>A URL, a list of URLs (one tier each), or a list of tiers.</summary>
    private List<IReadOnlyList<string>> ReadTrackers()
    {
        const string example = "[udp://tracker.example:6969]";
        var tiers = new List<IReadOnlyList<string>>();
        YamlNode? node = _fields.Find("trackers");
        foreach (YamlNode item in node is YamlList list ? list.Items : node is null ? [] : [node])
        {
            IReadOnlyList<YamlNode> tier = item is YamlList inner ? inner.Items : [item];
            tiers.Add([.. tier.Select(url => _fields.TextOf(url, "trackers", example) ?? "")]);
        }

        return tiers;
    }
}
