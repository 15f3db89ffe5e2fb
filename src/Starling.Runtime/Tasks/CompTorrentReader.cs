using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>
/// Reads CompTorrent's XML. The root may have any name; elements that are not known are passed over. The file may come from anybody: no document types, no
/// entities but XML's own five, bounded size, depth and counts, and whatever is wrong is told with its line.
/// </summary>
public static partial class CompTorrentReader
{
    /// <summary>Bytes of the file.</summary>
    public const int MaxLength = TaskLimitsOfFormat.MaxTaskFileSize;

    /// <summary>Elements inside one another.</summary>
    public const int MaxDepth = 16;

    /// <summary>Elements: five for each of the most chunks, and some.</summary>
    public const int MaxElements = (5 * MaxChunks) + 1_024;

    /// <summary>Chunks of a file.</summary>
    public const int MaxChunks = TaskLimitsOfFormat.MaxFiles;

    /// <summary>Characters of a class's name.</summary>
    public const int MaxClassName = 255;

    private const string Chunk = "orig_data/file";
    private static readonly byte[] ClassFileMagic = [0xca, 0xfe, 0xba, 0xbe];

    private static readonly HashSet<string> TextPaths = new(StringComparer.Ordinal)
    {
        "tracker_url", "tracker_port", "port", "name", "size", "md5", "max_chunk_size",
        "algorithm/execution", "algorithm/java_bytecode", "algorithm/classname", "orig_data/file/name", "orig_data/file/size", "orig_data/file/md5",
    };

    /// <summary>Reads the file, or says in which line what is wrong.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out CompTorrentFile? file, [NotNullWhen(false)] out Problem? problem)
    {
        file = null;
        if (bytes.Length > MaxLength)
        {
            problem = Wrong($"it is longer than {MaxLength} bytes", "Cut the data into fewer chunks.");
            return false;
        }

        try
        {
            file = Read(bytes);
            problem = null;
            return true;
        }
        catch (FileFault fault)
        {
            problem = fault.Problem;
            return false;
        }
        catch (XmlException exception)
        {
            problem = Wrong($"line {exception.LineNumber}: it is not XML that may be read: {exception.Message}", "A CompTorrent file is plain XML without a document type.");
            return false;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or FormatException)
        {
            // An encoding that this machine lacks, or that breaks half way.
            problem = Wrong($"its characters cannot be read: {exception.Message}", "Save it in UTF-8.");
            return false;
        }
    }

    private static CompTorrentFile Read(ReadOnlyMemory<byte> bytes)
    {
        using var stream = new MemoryStream(bytes.ToArray(), writable: false);
        using var reader = XmlReader.Create(stream, new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            MaxCharactersInDocument = MaxLength,
            MaxCharactersFromEntities = MaxLength,
        });
        var fields = new Fields();
        var path = new List<string>();
        var text = new StringBuilder();
        int elements = 0;
        while (reader.Read())
        {
            fields.Line = ((IXmlLineInfo)reader).LineNumber;
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (++elements > MaxElements || path.Count == MaxDepth)
                    {
                        throw fields.Fault(path.Count == MaxDepth ? $"more than {MaxDepth} elements are inside one another" : $"it has more than {MaxElements} elements", "Nothing that CompTorrent writes is like this.");
                    }

                    if (TextPaths.Contains(Inner(path)))
                    {
                        throw fields.Fault($"{Inner(path)}: holds elements where a text is due", "Write its text alone.");
                    }

                    path.Add(reader.LocalName);
                    text.Clear();
                    if (reader.IsEmptyElement)
                    {
                        fields.End(Inner(path), "");
                        path.RemoveAt(path.Count - 1);
                    }

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                    text.Append(reader.Value);
                    break;
                case XmlNodeType.EndElement:
                    fields.End(Inner(path), text.ToString().Trim());
                    path.RemoveAt(path.Count - 1);
                    text.Clear();
                    break;
            }
        }

        return fields.Make();
    }

    /// <summary>The path of an element below the root.</summary>
    private static string Inner(List<string> path) => string.Join('/', path.Skip(1));

    private static Problem Wrong(string reason, string hint) => new(TaskInfoValidator.ProblemCode, reason, hint);

    [GeneratedRegex(@"^[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z_$][A-Za-z0-9_$]*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex JavaName();

    /// <summary>What has been read so far.</summary>
    private sealed class Fields
    {
        private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> _chunk = new(StringComparer.Ordinal);
        private readonly List<CompTorrentChunk> _chunks = [];
        private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

        /// <summary>Line of the file, from 1.</summary>
        public int Line { get; set; }

        /// <summary>An element ended.</summary>
        public void End(string path, string text)
        {
            if (path == Chunk)
            {
                AddChunk();
            }
            else if (TextPaths.Contains(path))
            {
                bool isOfChunk = path.StartsWith(Chunk, StringComparison.Ordinal);
                if (!(isOfChunk ? _chunk : _texts).TryAdd(path[(path.LastIndexOf('/') + 1)..], text))
                {
                    throw Fault($"{path}: is there twice", "Leave one of them.");
                }
            }
        }

        public CompTorrentFile Make()
        {
            Line = 0;
            string name = Text("name") ?? throw Fault("name: is missing", "It becomes the name of the task.");
            if (!SafePath.IsSafeName(name, out string? fault))
            {
                throw Fault($"name: '{SafePath.Quoted(name)}' {fault}", "Use a plain name without folders.");
            }

            if (_chunks.Count == 0)
            {
                throw Fault("orig_data: lists no file", "Each chunk of data is a <file> with name, size and md5.");
            }

            byte[] bytecode = Bytecode();
            string? className = Text("classname");
            string? execution = Text("execution");
            if (bytecode.Length == 0 && execution is null)
            {
                throw Fault("algorithm: has neither execution nor java_bytecode", "It says how a chunk is computed; without it there is nothing to run.");
            }

            if (bytecode.Length > 0 != className is not null)
            {
                throw Fault($"algorithm: has {(className is null ? "java_bytecode without classname" : "classname without java_bytecode")}", "They come together.");
            }

            if (className is not null && (className.Length > MaxClassName || !JavaName().IsMatch(className)))
            {
                throw Fault($"algorithm/classname: '{SafePath.Quoted(className)}' is no name of a Java class", "Write it like org.example.Saxpy.");
            }

            return new CompTorrentFile
            {
                Name = name,
                Tracker = Tracker(),
                Size = Number(_texts, "size", "size"),
                Md5 = Text("md5") is { } md5 ? Digest(md5, "md5") : null,
                MaxChunkSize = MaxChunk(),
                Execution = execution,
                JavaBytecode = bytecode,
                ClassName = className,
                Chunks = _chunks,
            };
        }

        public FileFault Fault(string reason, string hint) => new(Wrong(Line > 0 ? $"line {Line}: {reason}" : reason, hint));

        private void AddChunk()
        {
            string name = _chunk.GetValueOrDefault("name") is { Length: > 0 } given ? given : throw Fault("orig_data/file: has no name", "It is the chunk's file in the folder of the data.");
            if (!SafePath.IsSafe(name, out string? fault))
            {
                throw Fault($"orig_data/file/name: '{SafePath.Quoted(name)}' {fault}", "Use a path below the folder of the data.");
            }

            if (!_names.Add(name))
            {
                throw Fault($"orig_data/file/name: '{SafePath.Quoted(name)}' is there twice (upper and lower case count as equal)", "Name each chunk once.");
            }

            if (_chunks.Count == MaxChunks)
            {
                throw Fault($"orig_data: lists more than {MaxChunks} files", "Cut the data into fewer chunks.");
            }

            long size = Number(_chunk, "size", "orig_data/file/size") ?? throw Fault($"orig_data/file: '{SafePath.Quoted(name)}' has no size", "Chunks are checked by size and MD5.");
            string md5 = _chunk.GetValueOrDefault("md5") is { Length: > 0 } text ? text : throw Fault($"orig_data/file: '{SafePath.Quoted(name)}' has no md5", "Chunks are checked by size and MD5.");
            _chunks.Add(new CompTorrentChunk(name, size, Digest(md5, "orig_data/file/md5")));
            _chunk.Clear();
        }

        private string? Text(string key) => _texts.GetValueOrDefault(key) is { Length: > 0 } text ? text : null;

        private long? Number(Dictionary<string, string> texts, string key, string path)
        {
            if (texts.GetValueOrDefault(key) is not { Length: > 0 } text)
            {
                return null;
            }

            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= TaskLimitsOfFormat.MaxBytes
                ? number
                : throw Fault($"{path}: '{SafePath.Quoted(text)}' is not a number of bytes up to {TaskLimitsOfFormat.MaxBytes}", "Write digits alone.");
        }

        private string Digest(string text, string path) => text.Length == 32 && text.All(char.IsAsciiHexDigit)
            ? text.ToLowerInvariant()
            : throw Fault($"{path}: '{SafePath.Quoted(text)}' is not an MD5", "It has 32 hexadecimal digits.");

        private long? MaxChunk()
        {
            long? most = Number(_texts, "max_chunk_size", "max_chunk_size");
            return _chunks.FirstOrDefault(chunk => chunk.Size > most) is { } larger
                ? throw Fault($"orig_data: '{SafePath.Quoted(larger.Name)}' has {larger.Size} bytes, more than max_chunk_size, which is {most}", "The file contradicts itself: get it again.")
                : most;
        }

        private byte[] Bytecode()
        {
            if (Text("java_bytecode") is not { } text)
            {
                return [];
            }

            var bytes = new byte[text.Length];
            if (!Convert.TryFromBase64String(text, bytes, out int length))
            {
                throw Fault("algorithm/java_bytecode: is not base64", "It is the .class file that javac writes, in base64.");
            }

            return bytes.AsSpan(0, length).StartsWith(ClassFileMagic)
                ? bytes[..length]
                : throw Fault("algorithm/java_bytecode: is not a compiled Java class, which begins with CA FE BA BE", "It is the .class file that javac writes, in base64.");
        }

        /// <summary>CompTorrent names host and port apart; a BitTorrent tracker has an address.</summary>
        private string? Tracker()
        {
            if (_texts.ContainsKey("tracker_port") && _texts.ContainsKey("port"))
            {
                throw Fault("tracker_port: is there twice, once as port", "Leave one of them.");
            }

            string? port = Text("tracker_port") ?? Text("port");
            if (Text("tracker_url") is not { } url)
            {
                return null;
            }

            if (port is not null && (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0))
            {
                throw Fault($"tracker_port: '{SafePath.Quoted(port)}' is not a port", "It is a number from 1 to 65535.");
            }

            string full = url.Contains("://", StringComparison.Ordinal) ? url : $"http://{url}";
            if (port is not null && Uri.TryCreate(full, UriKind.Absolute, out Uri? uri) && uri.IsDefaultPort && uri.Host.Length > 0)
            {
                int path = full.IndexOf('/', full.IndexOf("://", StringComparison.Ordinal) + 3);
                full = path < 0 ? $"{full}:{port}" : $"{full[..path]}:{port}{full[path..]}";
            }

            Problem? wrong = TaskContacts.CheckTracker(full, "tracker_url");
            return wrong is null ? full : throw new FileFault(wrong);
        }
    }

    /// <summary>Carries what is wrong out of the reader; never leaves this type.</summary>
    private sealed class FileFault(Problem problem) : Exception
    {
        public Problem Problem => problem;
    }
}
